"""The device agent: reads printers and reports them to the portal.

A program of its own: it imports nothing of the rest of the project and needs only the standard library.

When and what, one file a question:

    config.py    what the person who installs it wants (secret.py: the files of secrets)
    schedule.py  when a printer is read; pure
    run.py       search, read and deliver at once until told to stop (rounds.py: one round; service.py:
    being one) collect.py   from addresses to answers, over SNMP (discover.py: who is there)
    spool.py     readings wait here, and nothing ends them but the portal's answer (spool_*.py: its parts)
    deliver.py   from the spool to the portal (portal.py: HTTP and TLS; batch.py: the format; backoff.py)
    enrol.py, check.py, status.py   the commands of those names

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
    push.py      recorded walks as a batch
    cli.py       the commands
"""

VERSION = "1.0.0"
