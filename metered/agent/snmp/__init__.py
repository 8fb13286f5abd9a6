"""SNMP, as much of it as reading printers takes: no agent, no traps, no MIB files.

A request's way, one file a step:

    credentials.py  whom a device answers: a community, or a user of version 3
    ber.py          the encoding: lengths, integers, object identifiers, values
    pdu.py          GET, GETNEXT, GETBULK and their responses
    rows.py         the rows of a response: names and values
    plain.py        versions 1 and 2c: a community around a PDU
    keys.py         version 3: passwords become keys
    ciphers.py      version 3: privacy
    secure.py       version 3: engines, time windows, signed and encrypted messages
    columns.py      which columns are asked together, and what an answer adds to them
    exchange.py     one shared UDP socket: sends, waits, matches answers, keeps to a pace

Everything but exchange.py is pure: bytes in, bytes or values out. A conversation with a device is a generator
that yields what to send and is sent what came back (docs/adr/0014-our-own-snmp.md says why it is all ours).
"""
