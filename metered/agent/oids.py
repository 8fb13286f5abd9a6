"""Names of the rows read, spelled as their MIBs spell them. Makers' own rows stand in vendors.py."""

# SNMPv2-MIB
sysDescr = "1.3.6.1.2.1.1.1.0"
sysObjectID = "1.3.6.1.2.1.1.2.0"

# HOST-RESOURCES-MIB (RFC 2790); index: hrDeviceIndex
hrDeviceType = "1.3.6.1.2.1.25.3.2.1.2"
hrDeviceDescr = "1.3.6.1.2.1.25.3.2.1.3"
hrDeviceID = "1.3.6.1.2.1.25.3.2.1.4"
hrDevicePrinter = "1.3.6.1.2.1.25.3.1.5"
hrPrinterDetectedErrorState = "1.3.6.1.2.1.25.3.5.1.2"

# Printer-MIB (RFC 3805); index: hrDeviceIndex, then the table's own
printmib = "1.3.6.1.2.1.43"
prtMarkerDefaultIndex = "1.3.6.1.2.1.43.5.1.1.8"
prtGeneralPrinterName = "1.3.6.1.2.1.43.5.1.1.16"
prtGeneralSerialNumber = "1.3.6.1.2.1.43.5.1.1.17"
prtLocalizationCharacterSet = "1.3.6.1.2.1.43.7.1.1.4"
prtMarkerMarkTech = "1.3.6.1.2.1.43.10.2.1.2"
prtMarkerCounterUnit = "1.3.6.1.2.1.43.10.2.1.3"
prtMarkerLifeCount = "1.3.6.1.2.1.43.10.2.1.4"
prtMarkerProcessColorants = "1.3.6.1.2.1.43.10.2.1.6"
prtMarkerSpotColorants = "1.3.6.1.2.1.43.10.2.1.7"
prtMarkerSuppliesEntry = "1.3.6.1.2.1.43.11.1.1"
prtMarkerSuppliesColorantIndex = "1.3.6.1.2.1.43.11.1.1.3"
prtMarkerSuppliesClass = "1.3.6.1.2.1.43.11.1.1.4"
prtMarkerSuppliesType = "1.3.6.1.2.1.43.11.1.1.5"
prtMarkerSuppliesDescription = "1.3.6.1.2.1.43.11.1.1.6"
prtMarkerSuppliesSupplyUnit = "1.3.6.1.2.1.43.11.1.1.7"
prtMarkerSuppliesMaxCapacity = "1.3.6.1.2.1.43.11.1.1.8"
prtMarkerSuppliesLevel = "1.3.6.1.2.1.43.11.1.1.9"
prtMarkerColorantValue = "1.3.6.1.2.1.43.12.1.1.4"
prtAlertGroup = "1.3.6.1.2.1.43.18.1.1.4"
prtAlertGroupIndex = "1.3.6.1.2.1.43.18.1.1.5"
prtAlertCode = "1.3.6.1.2.1.43.18.1.1.7"

# PRINTER-PORT-MONITOR-MIB (PWG 5107.1): the IEEE 1284 device id
ppmPrinterIEEE1284DeviceId = "1.3.6.1.4.1.2699.1.2.1.2.1.1.3"

enterprises = "1.3.6.1.4.1"
