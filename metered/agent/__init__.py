"""The device agent: reads printers and reports them to the portal.

A program of its own: it imports nothing of the rest of the project and needs only the standard library.
A report's way through it, one file a step:

    walk.py      what a printer answered: OID → value, from a `*.snmprec` file
    vendors.py   everything that is known about makers, in one table (rules.py: in which forms)
    asked.py     the rows that may be asked for, made of that table and oids.py
    identity.py  vendor, model, serial, software; and whether it is a printer at all
    meters.py    the counters
    supplies.py  the supplies and their states (kinds.py, colours.py, labels.py, hints.py, alerts.py help;
                 text.py and packed.py: strings as printers send them)
    report.py    one element of `reports`
    files.py     recorded walks on disk; contexts of one device put together
    push.py      a batch, sent over HTTPS
    cli.py       `python -m metered.agent`
"""

VERSION = "1.0.0"
