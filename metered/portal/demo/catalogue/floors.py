"""Canon, Epson, Fujifilm, Konica Minolta, Kyocera, Ricoh, Sharp and UTAX: machines that stand on floors,
and ink.

Slots of the models whose recordings are used for development carry the printers' own indexes, which are not
always those of the colours' usual order.
"""

from __future__ import annotations

from metered.portal.demo.catalogue.kit import COARSE, FLAG, ModelFact, bare, four, ink, part, toner

MODELS = (
    ModelFact(
        "Canon", "LBP6670", False, "R7.21", "MKRA0#####", 450,
        (toner("1.1", "black", "3480B002", 6_400),),
    ),
    ModelFact(
        "Canon", "imageRUNNER ADVANCE C3525i", True, "69.36", "XUE#####", 4600,
        four("8524B002 8525B002 8526B002 8527B002", 36_000, 19_000, step=COARSE),
    ),
    ModelFact(
        "Canon", "LBP226dw", False, "08.05", "NVJA0#####", 950,
        (toner("1.1", "black", "3010C002", 10_000, step=COARSE),),
    ),
    ModelFact(
        "Epson", "WF-C5790", True, "CS15K8", "X3B80#####", 60,
        (
            ink("1.1", "black", "C13T945140", 5_000),
            ink("1.2", "cyan", "C13T945240", 5_000),
            ink("1.3", "magenta", "C13T945340", 5_000),
            ink("1.4", "yellow", "C13T945440", 5_000),
        ),
    ),
    ModelFact(
        # Wide format: no standard gives a yield in pages; 900 is what 350 ml last at light line drawings.
        "Epson", "SC-T3405", True, "16.52.EQ22M3.FY19", "X8G90#####", 6,
        (
            ink("1.1", "yellow", "C13T41F440", 900, standard=""),
            ink("1.2", "magenta", "C13T41F340", 900, standard=""),
            ink("1.3", "cyan", "C13T41F240", 900, standard=""),
            ink("1.4", "black", "C13T41F540", 900, standard=""),
            part("1.5", "waste", "C13S210057", 2_000, name="Maintenance box"),
        ),
    ),
    ModelFact(
        # Its reorder numbers differ by region and are left to staff.
        "Fujifilm", "ApeosPro C810", True, "1.2.4", "TC101630######", 900,
        (
            bare("1.2", "toner", "yellow", "Yellow Toner"),
            bare("1.3", "toner", "magenta", "Magenta Toner"),
            bare("1.4", "toner", "cyan", "Cyan Toner"),
            bare("1.5", "waste", "", "Waste Toner Container", step=FLAG),
            bare("1.6", "drum", "black", "Black Drum Cartridge"),
            bare("1.7", "drum", "yellow", "Yellow Drum Cartridge"),
            bare("1.8", "drum", "magenta", "Magenta Drum Cartridge"),
            bare("1.9", "drum", "cyan", "Cyan Drum Cartridge"),
            bare("1.30", "toner", "black", "Black Toner 1"),
            bare("1.31", "toner", "black", "Black Toner 2"),
        ),
    ),
    ModelFact(
        "Konica Minolta", "bizhub C250i", True, "1.102", "AA2M0211#####", 1300,
        (
            *four("AAV8130 AAV8430 AAV8330 AAV8230", 28_000, 28_000, order="CMYK"),
            part("1.13", "waste", "AAVAWY1", 50_000, name="Waste toner box WX-107", step=FLAG),
        ),
    ),
    ModelFact(
        "Konica Minolta", "bizhub C308", True, "GC3-X4", "A7PY0210#####", 5600,
        (
            *four("A8DA130 A8DA430 A8DA330 A8DA230", 28_000, 26_000, order="CMYK"),
            part("1.13", "waste", "A4NNWY3", 40_000, name="Waste toner box WX-103", step=FLAG),
        ),
    ),
    ModelFact(
        "Kyocera", "CS 4053ci", True, "2V8_S000.002.801", "RH28Y#####", 2600,
        (
            *four("TK-8527K TK-8527C TK-8527M TK-8527Y", 30_000, 20_000, order="CMYK"),
            part("1.5", "waste", "WT-8500", 40_000, step=FLAG),
        ),
    ),
    ModelFact(
        "Kyocera", "ECOSYS M3655idn", False, "2TB_S000.003.105", "R4P#######", 3300,
        (toner("1.1", "black", "TK-3190", 25_000),),
    ),
    ModelFact(
        "Kyocera", "ECOSYS P3145dn", False, "2TT_S000.002.602", "VE9#######", 1700,
        (toner("1.1", "black", "TK-3160", 12_500),),
    ),
    ModelFact(
        "Kyocera", "ECOSYS M6635cidn", True, "2TW_S000.003.204", "RDL#######", 2300,
        four("TK-5280K TK-5280C TK-5280M TK-5280Y", 13_000, 11_000, order="CMYK"),
    ),
    ModelFact(
        "Ricoh", "Aficio MP C3002", True, "2.20", "W492K######", 3000,
        (
            toner("1.1", "black", "841735", 28_000, step=COARSE),
            bare("1.2", "waste", "", "Waste Toner"),
            toner("1.3", "cyan", "841738", 18_000, step=COARSE),
            toner("1.4", "magenta", "841737", 18_000, step=COARSE),
            toner("1.5", "yellow", "841736", 18_000, step=COARSE),
        ),
    ),
    ModelFact(
        "Ricoh", "IM C3500", True, "1.18", "3910R######", 6100,
        four("842255 842258 842257 842256", 31_000, 19_000, codes=("1.1", "1.3", "1.4", "1.5"), step=COARSE),
    ),
    ModelFact(
        "Sharp", "MX-3570N", True, "1.04", "65094#5X00", 2700,
        (
            *four("MX-61NTBA MX-61NTCA MX-61NTMA MX-61NTYA", 40_000, 24_000, order="CMYK"),
            bare("1.5", "waste", "", "Waste Toner"),
            part("1.6", "drum", "MX-60NRSA", 200_000, name="Cyan Photoconductive Drum"),
            part("1.7", "drum", "MX-60NRSA", 200_000, name="Magenta Photoconductive Drum"),
            part("1.8", "drum", "MX-60NRSA", 200_000, name="Yellow Photoconductive Drum"),
            part("1.9", "drum", "MX-60NRSA", 200_000, name="Black Photoconductive Drum"),
        ),
    ),
    ModelFact(
        "UTAX", "P-4532DN", False, "2TP_S000.003.402", "R9L#######", 300,
        (toner("1.1", "black", "PK-3010", 12_500), bare("1.2", "waste", "", "Waste Toner Box", step=FLAG)),
    ),
)  # fmt: skip
