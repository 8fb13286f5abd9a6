"""THE MATRIX: every address of the portal, and what each kind of person gets from it.

docs/access.md says the law in prose and how to add a row. An address that stands in no table here fails
`test_every_address_is_in_a_table`. What is refused changes nothing, and a row that one may not see
answers with the same bytes as one that does not exist.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from metered.accounts.links import sign
from metered.accounts.queries import stamp_of
from tests.access_world import MISSING, Unchanged, World, one_of_everything, same_bytes, signed_in, world

# Who asks. `limited` is an owner for Main Street only, asked about what stands there; `astray` is the same
# person asked about the other address, `outsider` the owner of another account; `nobody` belongs to no
# account; `clerk` is staff without any permission, `staff` may everything in the admin.
SHORT = {"rep.": "reporter", "ord.": "orderer", "lim.": "limited", "out.": "outsider", "none": "nobody"}

# What they get. 200, 403, 404, 405 are answers; "in" goes to sign-in, "na" to the page for people without an
# account, "ok" is done and sent back to a page, "-" is not asked (there is no such object for a list).
PAGES = """
                                           anon viewer rep. ord. owner lim. astray out. none clerk staff
GET  /                                     200  200    200  200  200   200  -      200  na   na    na
GET  /supplies/                            in   200    200  200  200   200  -      200  na   na    na
GET  /devices/                             in   200    200  200  200   200  -      200  na   na    na
GET  /devices/<slug:public_id>/            in   200    200  200  200   200  404    404  na   na    na
GET  /agents/                              in   200    200  200  200   403  -      200  na   na    na
GET  /agents/new/                          in   403    403  403  200   403  -      200  na   na    na
POST /agents/new/                          in   403    403  403  200   403  -      200  na   na    na
GET  /agents/<slug:public_id>/             in   200    200  200  200   403  403    404  na   na    na
GET  /agents/<slug:public_id>/code/        in   403    403  403  200   403  403    404  na   na    na
POST /agents/<slug:public_id>/code/        in   403    403  403  200   403  403    404  na   na    na
GET  /agents/<slug:public_id>/rename/      in   403    403  403  200   403  403    404  na   na    na
POST /agents/<slug:public_id>/rename/      in   403    403  403  ok    403  403    404  na   na    na
GET  /agents/<slug:public_id>/revoke/      in   403    403  403  200   403  403    404  na   na    na
POST /agents/<slug:public_id>/revoke/      in   403    403  403  ok    403  403    404  na   na    na
GET  /heavy-jobs/                          in   200    200  200  200   200  -      200  na   na    na
GET  /heavy-jobs/new/                      in   403    403  200  200   200  -      200  na   na    na
POST /heavy-jobs/new/                      in   403    403  ok   ok    ok   -      404  na   na    na
GET  /heavy-jobs/<slug:public_id>/         in   200    200  200  200   200  404    404  na   na    na
GET  /heavy-jobs/<slug:public_id>/change/  in   403    403  200  200   200  404    404  na   na    na
POST /heavy-jobs/<slug:public_id>/change/  in   403    403  ok   ok    ok   404    404  na   na    na
GET  /heavy-jobs/<slug:public_id>/withdraw/  in 403    403  200  200   200  404    404  na   na    na
POST /heavy-jobs/<slug:public_id>/withdraw/  in 403    403  ok   ok    ok   404    404  na   na    na
GET  /stock/                               in   200    200  200  200   200  -      200  na   na    na
GET  /stock/<slug:public_id>/              in   200    200  200  200   200  404    404  na   na    na
POST /stock/<slug:public_id>/              in   403    ok   ok   ok    ok   404    404  na   na    na
GET  /stock/ledger/<slug:public_id>/       in   200    200  200  200   200  404    404  na   na    na
GET  /stock/ledger/<slug:public_id>/csv/   in   200    200  200  200   200  404    404  na   na    na
GET  /addresses/                           in   200    200  200  200   200  -      200  na   na    na
GET  /addresses/new/                       in   403    403  403  200   403  -      200  na   na    na
POST /addresses/new/                       in   403    403  403  ok    403  -      ok   na   na    na
GET  /addresses/<slug:public_id>/          in   200    200  200  200   200  404    404  na   na    na
GET  /addresses/<slug:public_id>/edit/     in   403    403  403  200   200  404    404  na   na    na
POST /addresses/<slug:public_id>/edit/     in   403    403  403  ok    ok   404    404  na   na    na
GET  /addresses/<slug:public_id>/retire/   in   403    403  403  200   200  404    404  na   na    na
POST /addresses/<slug:public_id>/retire/   in   403    403  403  ok    ok   404    404  na   na    na
GET  /addresses/<slug:public_id>/closed-dates/  in  405  405  405  405  405  405  405  405  405  405
POST /addresses/<slug:public_id>/closed-dates/  in  403  403  403  ok   ok   404  404  na   na   na
GET  /devices/add/                         in   403    403  200  200   200  -      200  na   na    na
POST /devices/add/                         in   403    403  ok   ok    ok   -      ok   na   na    na
GET  /devices/requests/                    in   200    200  200  200   200  -      200  na   na    na
GET  /devices/software/                    in   200    200  200  200   200  -      200  na   na    na
GET  /devices/software/file/               in   200    200  200  200   200  -      200  na   na    na
GET  /devices/<slug:public_id>/what-if/    in   200    200  200  200   200  404    404  na   na    na
GET  /devices/<slug:public_id>/name/       in   403    403  200  200   200  404    404  na   na    na
POST /devices/<slug:public_id>/name/       in   403    403  ok   ok    ok   404    404  na   na    na
GET  /devices/<slug:public_id>/replenishment/    in   403    403  200  200   200  404    404  na   na    na
POST /devices/<slug:public_id>/replenishment/    in   403    403  ok   ok    ok   404    404  na   na    na
GET  /devices/<slug:public_id>/change/     in   403    403  200  200   200  404    404  na   na    na
POST /devices/<slug:public_id>/change/     in   403    403  ok   ok    ok   404    404  na   na    na
GET  /devices/<slug:public_id>/connection/ in   200    200  200  200   200  404    404  na   na    na
GET  /devices/<slug:public_id>/connection/check/ in   405    405  405  405   405  405    405  405  405   405
POST /devices/<slug:public_id>/connection/check/ in   403    ok   ok   ok    ok   404    404  na   na    na
GET  /orders/                              in   200    200  200  200   200  -      200  na   na    na
GET  /orders/csv/                          in   200    200  200  200   200  -      200  na   na    na
GET  /orders/new/                          in   403    403  200  200   200  -      200  na   na    na
POST /orders/new/                          in   403    403  ok   ok    ok   -      404  na   na    na
GET  /orders/new/review/                   in   403    403  ok   ok    ok   -      ok   na   na    na
GET  /orders/new/place/                    in   405    405  405  405   405  -      405  405  405   405
POST /orders/new/place/                    in   403    403  ok   ok    ok   -      404  na   na    na
GET  /orders/<slug:public_id>/again/       in   405    405  405  405   405  405    405  405  405   405
POST /orders/<slug:public_id>/again/       in   403    403  ok   ok    ok   404    404  na   na    na
GET  /orders/<slug:public_id>/arrived/     in   405    405  405  405   405  405    405  405  405   405
POST /orders/<slug:public_id>/arrived/     in   403    403  404  404   404  404    404  na   na    na
GET  /orders/<slug:public_id>/cancel/      in   405    405  405  405   405  405    405  405  405   405
POST /orders/<slug:public_id>/cancel/      in   403    403  ok   ok    ok   404    404  na   na    na
GET  /orders/<slug:public_id>/problem/     in   403    403  200  200   200  404    404  na   na    na
POST /orders/<slug:public_id>/problem/     in   403    403  200  200   200  404    404  na   na    na
GET  /orders/<slug:public_id>/             in   200    200  200  200   200  404    404  na   na    na
GET  /orders/<slug:public_id>/not-now/     in   405    405  405  405   405  405    405  405  405   405
POST /orders/<slug:public_id>/not-now/     in   403    403  ok   ok    ok   404    404  na   na    na
GET  /returns/                             in   200    200  200  200   200  -      200  na   na    na
GET  /returns/csv/                         in   200    200  200  200   200  -      200  na   na    na
GET  /returns/new/                         in   403    403  200  200   200  -      200  na   na    na
POST /returns/new/                         in   403    403  ok   ok    ok   -      404  na   na    na
GET  /returns/<slug:public_id>/            in   200    200  200  200   200  404    404  na   na    na
GET  /returns/photos/<slug:public_id>/     in   200    200  200  200   200  404    404  na   na    na
GET  /returns/leftovers/<slug:public_id>/none-left/  in 403 403 200 200 200 404 404 na na na
POST /returns/leftovers/<slug:public_id>/none-left/  in 403 403 ok  ok  ok  404 404 na na na
GET  /returns/<slug:public_id>/slip/       in   200    200  200  200   200  404    404  na   na    na
GET  /returns/<slug:public_id>/labels/     in   200    200  200  200   200  404    404  na   na    na
GET  /api/v1/returns                       401  200    200  200  200   200  -      200  401  401   401
POST /api/v1/returns                       401  403    403  415  415   415  -      415  401  401   401
GET  /api/v1/returns/<slug:public_id>      401  200    200  200  200   200  404    404  401  401   401
GET  /api/v1/returns/<slug:public_id>/withdraw  401 405 405 405 405 405 405 405 401 401 401
POST /api/v1/returns/<slug:public_id>/withdraw  401 403 403 200 200 200 404 404 401 401 401
GET  /returns/<slug:public_id>/handed-over/  in 405  405  405  405   405  405    405  405  405   405
POST /returns/<slug:public_id>/handed-over/  in 403  403  ok   ok    ok   404    404  na   na    na
GET  /returns/<slug:public_id>/withdraw/   in   403    403  200  200   200  404    404  na   na    na
POST /returns/<slug:public_id>/withdraw/   in   403    403  ok   ok    ok   404    404  na   na    na
GET  /reads/                               in   403    200  200  200   200  -      200  na   na    na
POST /reads/                               in   403    ok   ok   ok    ok   -      200  na   na    na
GET  /reads/device/<slug:public_id>/       in   200    200  200  200   200  404    404  na   na    na
POST /reads/device/<slug:public_id>/       in   403    ok   ok   ok    ok   404    404  na   na    na
GET  /reads/read/<slug:public_id>/         in   403    200  200  200   200  404    404  na   na    na
POST /reads/read/<slug:public_id>/         in   403    ok   ok   ok    ok   404    404  na   na    na
GET  /reads/rows/                          in   403    200  200  200   200  -      200  na   na    na
POST /reads/rows/                          in   403    ok   ok   ok    ok   -      ok   na   na    na
GET  /reads/rows/<slug:public_id>/         in   403    404  404  200   404  404    404  na   na    na
POST /reads/rows/<slug:public_id>/         in   403    404  404  ok    404  404    404  na   na    na
GET  /reads/rows/<slug:public_id>/rest/    in   403    404  404  404   404  404    404  na   na    na
GET  /reads/template.csv                   in   403    200  200  200   200  -      200  na   na    na
GET  /reads/template.xlsx                  in   403    200  200  200   200  -      200  na   na    na
GET  /welcome/                             in   200    200  200  200   200  -      200  na   na    na
GET  /account/leave/                       in   200    200  200  200   200  -      200  na   na    na
POST /account/leave/                       in   ok     ok   ok   200   ok   -      200  na   na    na
GET  /people/                              in   403    403  403  200   403  -      200  na   na    na
GET  /people/invite/                       in   403    403  403  200   403  -      200  na   na    na
POST /people/invite/                       in   403    403  403  ok    403  -      ok   na   na    na
GET  /people/<slug:public_id>/             in   403    403  403  200   403  403    404  na   na    na
POST /people/<slug:public_id>/             in   403    403  403  ok    403  403    404  na   na    na
GET  /people/<slug:public_id>/remove/      in   405    405  405  405   405  405    405  405  405   405
POST /people/<slug:public_id>/remove/      in   403    403  403  ok    403  403    404  na   na    na
GET  /people/<slug:public_id>/hand-over/   in   405    405  405  405   405  405    405  405  405   405
POST /people/<slug:public_id>/hand-over/   in   403    403  403  ok    403  403    404  na   na    na
GET  /people/requests/<slug:public_id>/    in   403    403  403  200   403  403    404  na   na    na
POST /people/requests/<slug:public_id>/    in   403    403  403  ok    403  403    404  na   na    na
GET  /people/requests/<slug:public_id>/decline/        in 405 405 405 405 405 405 405 405 405 405
POST /people/requests/<slug:public_id>/decline/        in 403 403 403 ok  403 403 404 na  na  na
GET  /people/invitations/<slug:public_id>/send-again/  in 405 405 405 405 405 405 405 405 405 405
POST /people/invitations/<slug:public_id>/send-again/  in 403 403 403 ok  403 403 404 na  na  na
GET  /people/invitations/<slug:public_id>/withdraw/    in 405 405 405 405 405 405 405 405 405 405
POST /people/invitations/<slug:public_id>/withdraw/    in 403 403 403 ok  403 403 404 na  na  na
GET  /activity/                            in   403    403  403  200   403  -      200  na   na    na
GET  /no-account/                          in   ok     ok   ok   ok    ok   -      ok   200  ok    ok
GET  /settings/                            in   200    200  200  200   200  -      200  200  200   200
POST /settings/                            in   ok     ok   ok   ok    ok   -      ok   ok   ok    ok
GET  /account/switch/                      in   405    405  405  405   405  -      405  405  405   405
POST /account/switch/                      in   ok     ok   ok   ok    ok   -      404  404  404   404
GET  /demo/outbox/                         in   404    404  404  404   404  -      404  404  404   404
GET  /demo/outbox/<slug:public_id>/        in   404    404  404  404   404  404    404  404  404   404
GET  /demo/outbox/<slug:public_id>/html/   in   404    404  404  404   404  404    404  404  404   404
GET  /demo/outbox/<slug:public_id>/files/<int:number>/  in 404 404 404 404 404 404 404 404 404 404
"""

# Needs nobody signed in and says the same to all. Forms change something: ask for updates, confirm, end them,
# put a banner away. A key that nobody has: 404 to confirm; to end updates it is as if they had ended.
PUBLIC_PAGES = """
                                           anon viewer rep. ord. owner lim. astray out. none clerk staff
GET  /eligibility/                         200  200    200  200  200   200  -      200  200  200   200
GET  /can-it-report/                       200  200    200  200  200   200  -      200  200  200   200
GET  /notices/                             200  200    200  200  200   200  -      200  200  200   200
GET  /notices/<slug:public_id>/            200  200    200  200  200   200  -      200  200  200   200
GET  /notices/<slug:public_id>/dismiss/    405  405    405  405  405   405  -      405  405  405   405
POST /notices/<slug:public_id>/dismiss/    ok   ok     ok   ok   ok    ok   -      ok   ok   ok    ok
GET  /updates/                             200  200    200  200  200   200  -      200  200  200   200
POST /updates/                             ok   ok     ok   ok   ok    ok   -      ok   ok   ok    ok
GET  /updates/asked/                       200  200    200  200  200   200  -      200  200  200   200
GET  /updates/<slug:public_id>/confirm/    200  200    200  200  200   200  -      200  200  200   200
POST /updates/<slug:public_id>/confirm/    ok   ok     ok   ok   ok    ok   -      ok   ok   ok    ok
GET  /updates/<slug:public_id>/leave/      200  200    200  200  200   200  -      200  200  200   200
POST /updates/<slug:public_id>/leave/      200  200    200  200  200   200  -      200  200  200   200
GET  /register/                            200  200    200  200  200   200  -      200  200  200   200
POST /register/                            ok   ok     ok   ok   ok    ok   -      ok   ok   ok    ok
GET  /register/sent/                       200  200    200  200  200   200  -      200  200  200   200
POST /register/sent/                       ok   ok     ok   ok   ok    ok   -      ok   ok   ok    ok
GET  /register/<slug:token>/               200  200    200  200  200   200  -      200  200  200   200
POST /register/<slug:token>/               ok   200    200  200  200   200  -      200  200  200   200
GET  /invitations/<slug:token>/            200  200    200  200  200   200  -      200  200  200   200
POST /invitations/<slug:token>/            ok   200    200  200  200   200  -      200  200  200   200
GET  /orders/not-now/<str:token>/          404  404    404  404  404   404  -      404  404  404   404
POST /orders/not-now/<str:token>/          404  404    404  404  404   404  -      404  404  404   404
GET  /returns/recycling/                   200  200    200  200  200   200  -      200  200  200   200
GET  /returns/start/                       200  ok     ok   ok   ok    ok   -      ok   ok   ok    ok
POST /returns/start/                       ok   ok     ok   ok   ok    ok   -      ok   ok   ok    ok
GET  /returns/start/sent/                  200  200    200  200  200   200  -      200  200  200   200
GET  /returns/confirm/<slug:token>/        200  200    200  200  200   200  -      200  200  200   200
POST /returns/confirm/<slug:token>/        ok   ok     ok   ok   ok    ok   -      ok   ok   ok    ok
GET  /language/                            405  405    405  405  405   405  -      405  405  405   405
POST /language/                            ok   ok     ok   ok   ok    ok   -      ok   ok   ok    ok
GET  /mail/stop/<str:token>/               404  404    404  404  404   404  -      404  404  404   404
GET  /guide/                               200  200    200  200  200   200  -      200  200  200   200
GET  /guide/<slug:slug>/                   200  200    200  200  200   200  -      200  200  200   200
GET  /how-replenishment-works/             200  200    200  200  200   200  -      200  200  200   200
GET  /contract-terms/                      200  200    200  200  200   200  -      200  200  200   200
GET  /returns-policy/                      200  200    200  200  200   200  -      200  200  200   200
GET  /recycling/                           200  200    200  200  200   200  -      200  200  200   200
GET  /accessibility/                       200  200    200  200  200   200  -      200  200  200   200
GET  /privacy/                             200  200    200  200  200   200  -      200  200  200   200
GET  /support/                             200  200    200  200  200   200  -      200  200  200   200
"""

# Messages to support: everybody of an account writes, also a viewer; a message is its writer's alone. The one
# asked for is the owner's.
MESSAGES = """
                                           anon viewer rep. ord. owner lim. astray out. none clerk staff
GET  /support/messages/                    in   200    200  200  200   200  -      200  na   na    na
GET  /support/messages/new/                in   200    200  200  200   200  -      200  na   na    na
POST /support/messages/new/                in   ok     ok   ok   ok    ok   404    404  na   na    na
GET  /support/messages/<slug:public_id>/   in   404    404  404  200   404  404    404  na   na    na
"""

# Keys for programs are each person's own; the one asked for is the owner's.
KEYS = """
                                           anon viewer rep. ord. owner lim. astray out. none clerk staff
GET  /settings/keys/                       in   200    200  200  200   200  -      200  na   na    na
POST /settings/keys/                       in   200    200  200  200   200  -      200  na   na    na
GET  /settings/keys/<slug:public_id>/revoke/  in  405  405  405  405   405  405    405  405  405   405
POST /settings/keys/<slug:public_id>/revoke/  in  404  404  404  ok    404  404    404  na   na    na
"""
PAGES += "".join(table.split("staff", 1)[1] for table in (PUBLIC_PAGES, MESSAGES, KEYS))

# The same four pages in a demo (METERED_DEMO). Mails are the person's own, or those of all people of the
# account they act for whole; staff read every mail.
DEMO_PAGES = """
                                           anon viewer rep. ord. owner lim. astray out. none clerk staff
GET  /demo/outbox/                         in   200    200  200  200   200  -      200  200  200   200
GET  /demo/outbox/<slug:public_id>/        in   200    200  200  200   200  404    404  404  200   200
GET  /demo/outbox/<slug:public_id>/html/   in   404    404  404  404   404  404    404  404  404   404
GET  /demo/outbox/<slug:public_id>/files/<int:number>/  in 404 404 404 404 404 404 404 404 404 404
"""

# allauth's pages. "again" asks for the password once more; "door" is the way in after the first step.
SIGN_IN = """
                                                                        anon   person
GET  /sign-in/login/                                                    200    home
GET  /sign-in/logout/                                                   door   200
GET  /sign-in/inactive/                                                 200    200
GET  /sign-in/signup/                                                   200    home
GET  /sign-in/reauthenticate/                                           in     200
GET  /sign-in/email/                                                    in     200
GET  /sign-in/confirm-email/                                            200    200
GET  /sign-in/confirm-email/(?P<key>[-:\\w]+)/                          200    200
GET  /sign-in/password/change/                                          in     200
GET  /sign-in/password/set/                                             in     away
GET  /sign-in/password/reset/                                           200    200
GET  /sign-in/password/reset/done/                                      200    200
GET  /sign-in/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/  200    200
GET  /sign-in/password/reset/key/done/                                  200    200
GET  /sign-in/login/code/confirm/                                       door   home
GET  /sign-in/2fa/                                                      in     200
GET  /sign-in/2fa/authenticate/                                         door   home
GET  /sign-in/2fa/reauthenticate/                                       in     away
GET  /sign-in/2fa/totp/activate/                                        in     200
GET  /sign-in/2fa/totp/deactivate/                                      in     404
GET  /sign-in/2fa/recovery-codes/                                       in     404
GET  /sign-in/2fa/recovery-codes/generate/                              in     200
GET  /sign-in/2fa/recovery-codes/download/                              in     404
GET  /sign-in/2fa/webauthn/                                             in     200
GET  /sign-in/2fa/webauthn/add/                                         in     200
GET  /sign-in/2fa/webauthn/reauthenticate/                              in     away
GET  /sign-in/2fa/webauthn/keys/<int:pk>/remove/                        in     404
GET  /sign-in/2fa/webauthn/keys/<int:pk>/edit/                          in     404
GET  /sign-in/2fa/webauthn/login/                                       door   home
GET  /sign-in/sessions/                                                 in     200
"""

# The API knows tokens only: a session is as good as nothing there. To enrol, the code alone counts.
API = """
                         bare session agent device other revoked removed unknown
POST /api/v1/telemetry   401  401     200   200    200   401     401     401
POST /api/v1/agents/enrol  201 201    201   201    201   201     201     201
GET  /api/v1/agents/enrol  405 405    405   405    405   405     405     405
GET  /api/v1/telemetry   401  401     405   405    405   401     401     401
GET  /api/schema         200  200     200   200    200   200     200     200
GET  /api/docs           200  200     200   200    200   200     200     200
"""
TOKENS = {"other": "other account's agent", "removed": "removed device's"}

# The admin, a line for each model: what staff with every permission may do besides reading, and its buttons.
# Everybody else gets nothing: who is no staff is sent to its gate, clerks are refused.
ADMIN = """
accounts.user                 add change
accounts.account              add change delete
accounts.address              add change delete  /word
accounts.activityentry
accounts.apikey
accounts.registration
accounts.invitation
accounts.joinrequest          /approve /decline
notify.message
fleet.metertype               add change delete
fleet.printermodel            add change delete
fleet.supply                  add change delete
fleet.contract                add change delete
fleet.device                  add change  /switch-on /switch-off /remove /new-token /revoke-tokens /ask-read
fleet.bulletin                add change delete  /publish /move-date
fleet.devicerequest           /add-device /move /remove /correct /decline
fleet.agent                   add change  /new-code /new-token /revoke-tokens /revoke
reads.read                    /accept /reject
reads.readrequest             /withdraw
reads.devicestate
reads.batch                   /retry
stock.pool                    /count /adjust /ask-count
replenishment.proposal
replenishment.poolforecast
replenishment.position
replenishment.devicerate
replenishment.addressreview
replenishment.nightrun
replenishment.runouttold
replenishment.backtestrun     add
replenishment.announcedjob
replenishment.heavyjob
replenishment.supplystats
replenishment.shortage          /order
replenishment.fleetstats
replenishment.deliverylane
orders.order                  /release /ship /deliver /cancel
portal.page                   add change  /as-shipped
portal.notice                 add change  /withdraw
portal.subscription
portal.supportmessage         /answer
orders.orderline              /release /reduce /decline
orders.problem                /replace /answer
returns.return                /decide /address /pick-up /receive /pictures /close /withdraw
returns.leftover              /assign /none-left
returns.unconfirmed
auth.group                    add change delete
usersessions.usersession      add change delete
"""
# Pages of the admin that belong to no model.
ADMIN_PAGES = """
                                                   anon person clerk staff
GET  /admin/                                       gate gate   200   200
GET  /admin/login/                                 in   403    away  away
GET  /admin/logout/                                gate away   405   405
GET  /admin/password_change/                       gate gate   200   200
GET  /admin/password_change/done/                  gate gate   200   200
GET  /admin/autocomplete/                          gate gate   403   403
GET  /admin/jsi18n/                                gate gate   200   200
GET  /admin/r/<path:content_type_id>/<path:object_id>/  gate gate   404   404
GET  /admin/(?P<app_label>…)/                      gate gate   404   200
GET  /admin/returns/return/number/                 in   gate   403   away
GET  /admin/returns/return/picture/<slug:public_id>/  in gate 403 404
GET  /admin/(?P<url>.*)                            gate gate   404   404
"""

pytestmark = pytest.mark.django_db


class Row:
    """A line of a table: method, pattern, and an expectation by column."""

    def __init__(self, line: str, columns: list[str]) -> None:
        self.method, self.pattern, *cells = line.split()
        assert len(cells) == len(columns), f"{line!r} needs a word for each of {columns}"
        self.cells = dict(zip(columns, cells, strict=True))

    def __repr__(self) -> str:
        return f"{self.method} {self.pattern}"


COLUMNS = [SHORT.get(word, word) for word in PAGES.split("GET")[0].split()]


def rows(table: str) -> list[Row]:
    head, *lines = [line for line in table.splitlines() if line.strip()]
    return [Row(line, [SHORT.get(word, word) for word in head.split()]) for line in lines]


ADMIN_MODELS = {
    words[0]: (
        {word for word in words[1:] if word[0] != "/"},
        [word[1:] for word in words[1:] if word[0] == "/"],
    )
    for words in (line.split() for line in ADMIN.splitlines() if line.strip())
}


def patterns(found: list[Any] | None = None, before: str = "/") -> Iterator[str]:
    """Every address that the resolver knows, spelled as in the tables."""
    for item in get_resolver().url_patterns if found is None else found:
        here = before + str(item.pattern).removeprefix("^").removesuffix("$")
        if isinstance(item, URLResolver):
            yield from patterns(item.url_patterns, here)
        else:
            assert isinstance(item, URLPattern)
            yield here


def admin_patterns() -> set[str]:
    """What Django makes of each line of ADMIN."""
    made = set()
    for name, (_may, buttons) in ADMIN_MODELS.items():
        base = "/admin/" + name.replace(".", "/") + "/"
        one = base + "<path:object_id>/"
        made |= {base, base + "add/", one, one + "change/", one + "delete/", one + "history/"}
        made |= {f"{one}{button}/" for button in buttons}
    return made


def spelled(pattern: str) -> str:
    """The admin's pattern of all app labels changes with each app; its place does not."""
    return "/admin/(?P<app_label>…)/" if pattern.startswith("/admin/(?P<app_label>") else pattern


TABLES = {"PAGES": PAGES, "SIGN_IN": SIGN_IN, "API": API, "ADMIN_PAGES": ADMIN_PAGES}


def test_every_address_is_in_a_table() -> None:
    listed = {row.pattern for table in TABLES.values() for row in rows(table)} | admin_patterns()
    known = {spelled(pattern) for pattern in patterns()}
    missing = sorted(known - listed)
    assert not missing, (
        f"{missing} stand in no table of tests/test_access.py. Decide who gets what there, and add a line to"
        " PAGES (pages of ours), API (what programs call), SIGN_IN (allauth's) or ADMIN (a model's line, with"
        " /button for a button); docs/access.md says how."
    )
    gone = sorted(listed - known)
    assert not gone, (
        f"{gone} are in a table of tests/test_access.py and no address any more: remove the lines."
    )


def test_every_page_of_ours_says_what_it_asks_for() -> None:
    """A view without `for_viewers` is public, or for people without an account, or the demo's."""
    bare, public = set(), set()
    for item in get_resolver().url_patterns[:4]:
        assert isinstance(item, URLResolver)
        for page in item.url_patterns:
            if not isinstance(page, URLPattern) or hasattr(page.callback, "ability"):
                continue
            if getattr(page.callback, "login_required", True):
                bare.add(page.name)
            else:
                public.add(f"/{item.pattern}{page.pattern}")
    assert bare == {
        "switch_account", "no_account", "settings", "demo_outbox", "demo_message", "demo_message_html",
        "demo_message_file",
    }  # fmt: skip
    assert public == {row.pattern for row in rows(PUBLIC_PAGES)} | {"/"}


POSTED = {row.pattern for row in rows(PAGES) if row.method == "POST"}


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """The world once for all rows: each test is a savepoint in this transaction, which is never committed."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield world()
        transaction.set_rollback(True)


@pytest.fixture
def made(built: World, db: None) -> Iterator[World]:
    """The world as it was built: what a test's rows and browsers remember is gone after it."""
    jars = {who: client.cookies for who, client in built.clients.items()}
    made = copy.deepcopy(built, {id(built.clients): built.clients})
    for client in made.clients.values():
        client.cookies = copy.deepcopy(client.cookies)
    yield made
    for who, jar in jars.items():
        built.clients[who].cookies = jar


def thing_of(pattern: str, place: Any, made: World) -> Any:
    """What a pattern's public id names: by the longest beginning that stands here."""
    named = {
        "/devices/": place.device,
        "/orders/": place.order,
        "/demo/": place.mail,
        "/addresses/": place.address,
        "/stock/": place.address,
        "/heavy-jobs/": place.job,
        "/agents/": made.agent,
        "/stock/ledger/": place.scene.pools[0],
        "/reads/device/": place.device,
        "/reads/read/": place.read,
        "/reads/rows/": place.draft,
        "/notices/": made.notice,
        "/updates/": made.subscription,
        "/support/": made.message,
        "/settings/keys/": made.key,
        "/returns/": place.given,
        "/api/v1/returns/": place.given,
        "/returns/photos/": place.photo,
        "/returns/leftovers/": place.leftover,
    }
    return named[max((start for start in named if pattern.startswith(start)), key=len)]


def about(pattern: str, made: World, who: str) -> list[str]:
    """The addresses that the row means for this asker."""
    pattern = pattern.replace("<int:number>", "1")
    if pattern.startswith("/returns/confirm/"):
        return [pattern.replace("<slug:token>", sign("return", made.unconfirmed.public_id))]
    if "<slug:token>" in pattern:
        kind, row = ("activation", made.link) if "register" in pattern else ("invitation", made.invitation)
        return [pattern.replace("<slug:token>", sign(kind, row.public_id))]
    if "<slug:public_id>" not in pattern:
        return [pattern.replace("<slug:slug>", "start")]
    if pattern.startswith("/people/"):
        people: dict[str, Any] = {"requests": made.request, "invitations": made.invitation}
        asked = people.get(pattern.split("/")[2], made.member)
        return [pattern.replace("<slug:public_id>", asked.public_id)]
    place = made.harbor if who == "astray" else made.main
    if pattern.endswith("/confirm/"):
        return [pattern.replace("<slug:public_id>", made.subscription.key)]
    thing = thing_of(pattern, place, made)
    return [pattern.replace("<slug:public_id>", thing.public_id)]


def form(pattern: str, made: World, who: str = "") -> dict[str, str]:
    """What a person would fill in there."""
    place = made.harbor if who == "astray" else made.main
    mono = {"once": str(uuid.uuid4()), "meter-mono": "1200", "reason": "misread"}
    address = {
        "name": "Warehouse", "country": "US", "recipient": "Northwind", "lines": "2 Main St",
        "city": "Rochester", "region": "NY", "postal_code": "14604",
        "seen": stamp_of(made.main.address), "starts_on": "2090-12-24", "ends_on": "2090-12-26",
    }  # fmt: skip
    part = {"role": "viewer", "scope": "all", "keep": "orderer"}
    door = {"name": "Nora New", "password": "a new pair of words", "again": "a new pair of words"}
    coming = timezone.localdate() + dt.timedelta(days=20)
    job = {
        "address": made.main.address.public_id, "devices": place.device.public_id, "once": str(uuid.uuid4()),
        "step": str(place.job.step), "pages": "5000", "starts_on": coming.isoformat(),
        "ends_on": coming.isoformat(), "send": "1",
    }  # fmt: skip
    supply = made.main.scene.pools[0].supply
    back = {
        "rows": "3", "t-0": supply.reorder_number, "n-0": "1", "boxes": "1", "weight": "9", "contact": "Nora",
        "sealed": "on", "once": str(uuid.uuid4()), "send": "1", "address": made.main.address.public_id,
    }  # fmt: skip
    forms: dict[str, dict[str, str]] = {
        "/returns/new/": back,
        "/returns/start/": back
        | {"known_as": "C-1", "email": "n@example.com", "pick_up": "1 A St", "country": "US", "unit": "lb"},
        "/heavy-jobs/new/": job,
        "/heavy-jobs/<slug:public_id>/change/": job,
        "/register/": {"serial": "X1", "place": "14604", "name": "Nora", "email": "nora@example.com"},
        "/settings/keys/": {"name": "ERP"},
        "/register/sent/": {"email": "nora@example.com"},
        "/register/<slug:token>/": door,
        "/invitations/<slug:token>/": door,
        "/people/invite/": {**part, "email": "nora@example.com"},
        "/account/switch/": {"account": made.main.account.public_id},
        "/settings/": {"mail_orders": "digest", "mail_devices": "single", "mail_counts": "off"},
        "/language/": {"language": "en"},
        "/orders/new/": {
            "address": made.main.address.public_id, "once": "8b4f7a4cf5d94a39b2f1f0a4b1c2d3e4",
            f"q-{made.main.scene.pools[0].public_id}": "1",
        },
        "/orders/new/place/": {"address": made.main.address.public_id},
        "/orders/<slug:public_id>/cancel/": {"lines": made.main.order.lines.all()[0].public_id},
        "/agents/new/": {"name": "Warehouse"},
        "/agents/<slug:public_id>/rename/": {"name": "Cellar"},
        "/devices/add/": {"serial": "NEW1", "model": "C505", "address": "other", "note": "Shed 3"},
        "/devices/<slug:public_id>/name/": {"name": "Desk", "place": "Hall"},
        "/devices/<slug:public_id>/replenishment/": {"on": "0"},
        "/devices/<slug:public_id>/change/": {"kind": "remove"},
        "/stock/<slug:public_id>/": {
            "once": str(uuid.uuid4()), f"n-{made.main.scene.pools[0].public_id}": "3",
        },
        "/reads/": {f"v.{made.main.device.public_id}.mono": "1200"},
        "/reads/device/<slug:public_id>/": mono,
        "/reads/read/<slug:public_id>/": mono,
        "/reads/rows/": {"text": f"{made.main.device.serial};1200"},
        "/updates/": {"email": "new@example.com"},
        "/support/messages/new/": {"text": "x", "about": f"device:{place.device.public_id}"},
    }  # fmt: skip
    by_app = {"addresses": address, "people": part}
    return forms.get(pattern, by_app.get(pattern.split("/")[1], {}))


def answer(response: HttpResponseBase) -> str:
    """A response in the tables' words."""
    # htmx is told of the sign-in page by a header of its own: a redirect would land inside the page.
    target = response.get("HX-Redirect") or response.get("Location", "")
    if response.status_code not in (301, 302) and "HX-Redirect" not in response:
        return str(response.status_code)
    if target.startswith("/sign-in/login/?next="):
        return "in"
    if target.startswith("/admin/login/?next="):
        return "gate"
    return {"/no-account/": "na", "/sign-in/login/": "door", "/": "home"}.get(target, f"→ {target}")


def agrees(said: str, expected: str) -> bool:
    if expected == "ok":
        return said == "home" or said.startswith("→ ")
    if expected == "away":
        return said.startswith("→ ")
    return said == expected


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def ask(client: Client, row: Row, path: str, data: dict[str, str], **headers: str) -> Any:
    # What an earlier answer wanted to be told on the next page.
    client.cookies.pop("messages", None)
    return (
        client.get(path, headers=headers) if row.method == "GET" else client.post(path, data, headers=headers)
    )


def hidden_from(who: str, made: World) -> set[str]:
    """What must not appear in anything this asker is answered."""
    northwind = made.main.markers | made.harbor.markers | made.whole
    everything = northwind | made.press.markers
    sees = {
        **dict.fromkeys(("viewer", "reporter", "orderer", "owner"), northwind),
        **dict.fromkeys(("limited", "astray"), made.main.markers),
        "outsider": made.press.markers,
    }
    return everything - sees.get(who, set())


def try_row(row: Row, made: World, *, demo: bool = False) -> None:
    wrong = []
    unchanged = Unchanged()
    for who, expected in row.cells.items():
        if expected == "-":
            continue
        person = "limited" if who == "astray" else who
        client = made.clients[person]
        for path in about(row.pattern, made, who):
            allowed = expected in ("200", "ok")
            with transaction.atomic():
                response = ask(client, row, path, form(row.pattern, made, who))
                if not agrees(answer(response), expected):
                    wrong.append(
                        f"{who} asked {row.method} {path}: expected {expected}, got {answer(response)}"
                    )
                content = body(response)
                if not demo:
                    leaked = [word for word in hidden_from(who, made) if word.encode() in content]
                    assert not (leaked and response.status_code == 200), f"{who} reads {leaked} at {path}"
                if row.method == "GET":
                    part = ask(client, row, path, {}, **{"HX-Request": "true"})
                    assert answer(part) == answer(response), f"{who} gets another answer for a part of {path}"
                    if row.pattern not in POSTED:
                        client.post(path, {"name": "x"})
                if expected == "404" and "<slug:public_id>" in row.pattern:
                    none = row.pattern.replace("<slug:public_id>", MISSING).replace("<int:number>", "1")
                    nothing = ask(client, row, none, {})
                    assert nothing.status_code == 404 and same_bytes(nothing.content) == same_bytes(
                        content
                    ), f"{who} can tell {path} from an address that does not exist"
                if not allowed or row.method == "GET":
                    unchanged.check(f"{who} got {expected} at {row.method} {path}")
                else:
                    transaction.set_rollback(True)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("row", rows(PAGES), ids=repr)
def test_pages(row: Row, made: World) -> None:
    try_row(row, made)


@pytest.mark.parametrize("row", rows(DEMO_PAGES), ids=repr)
def test_the_demos_outbox(row: Row, made: World, settings: Any) -> None:
    settings.DEMO = True
    try_row(row, made, demo=True)


def test_what_is_not_done_for_a_form_that_was_forged(made: World) -> None:
    """The right person, the right address, no token against forged forms."""
    client = signed_in(made.people["owner"], enforce_csrf_checks=True)
    unchanged = Unchanged()
    # Mail programs end updates by themselves and have no token; the link is the proof (RFC 8058). The choice
    # of a language asks where the browser comes from instead.
    free = {"/updates/<slug:public_id>/leave/", "/language/"}
    for row in [row for row in rows(PAGES) if row.method == "POST" and row.pattern not in free]:
        for path in about(row.pattern, made, "owner"):
            # The API takes no forms at all; a forged JSON body is tried in tests/returns/test_api.py.
            refused = 415 if path.startswith("/api/") else 403
            assert client.post(path, form(row.pattern, made)).status_code == refused
    unchanged.check("forged forms came")


@pytest.mark.parametrize("row", rows(SIGN_IN), ids=repr)
def test_sign_in_pages(row: Row, made: World) -> None:
    one_of_everything(made)
    key = made.people["owner"].authenticator_set.get()  # type: ignore[attr-defined]
    path = (
        row.pattern.replace("(?P<key>[-:\\w]+)", "abc")
        .replace("(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)", "1-abc")
        .replace("<int:pk>", str(key.pk))
    )
    # Signed in just now: some of these pages ask again when the password was typed a while ago.
    clients = {"anon": made.clients["anon"], "viewer": signed_in(made.people["viewer"])}
    unchanged = Unchanged()
    for who, expected in (("anon", row.cells["anon"]), ("viewer", row.cells["person"])):
        response = clients[who].get(path)
        assert agrees(answer(response), expected), f"{who}: expected {expected}, got {answer(response)}"
    unchanged.check("both looked")


def batch(made: World) -> dict[str, Any]:
    return {
        "schema": 1,
        "agent": {
            "instance": "i",
            "version": "1.0.0",
            "sequence": 1,
            "sent_at": "2026-11-20T06:02:11Z",
        },
        "reports": [
            {
                "serial": made.main.device.serial,
                "observed_at": "2026-11-20T06:01:40Z",
                "path": "agent",
                "model": "",
                "vendor": "",
                "software": "",
                "host": "",
                "complete": True,
                "meters": [],
                "supplies": [],
                "alerts": [],
            }
        ],
    }


@pytest.mark.parametrize("row", rows(API), ids=repr)
def test_the_api(row: Row, made: World) -> None:
    unchanged = Unchanged()
    for who, expected in row.cells.items():
        client = made.clients["owner"] if who == "session" else Client(enforce_csrf_checks=True)
        token = made.tokens.get(TOKENS.get(who, who))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with transaction.atomic():
            if row.method == "GET":
                response = client.get(row.pattern, headers=headers)
            else:
                sent = batch(made) if row.pattern.endswith("telemetry") else {"code": made.code}
                response = client.post(
                    row.pattern, json.dumps(sent), content_type="application/json", headers=headers
                )
            assert str(response.status_code) == expected, f"{who}: {body(response)[:300]!r}"
            if expected == "401":
                assert response["WWW-Authenticate"].startswith("Bearer")
            if expected not in ("200", "201"):
                unchanged.check(f"{who} was refused")
            transaction.set_rollback(True)


def test_an_agent_of_another_account_learns_nothing_of_a_serial(made: World) -> None:
    """A serial of another account and one that nobody has are answered alike, and nothing is kept of them."""
    answers = []
    for serial in (made.main.device.serial, "NOBODYHASTHIS"):
        body = batch(made)
        body["reports"][0]["serial"] = serial
        response = Client().post(
            "/api/v1/telemetry",
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {made.tokens[TOKENS['other']]}"},
        )
        (refused,) = response.json()["refused"]
        assert refused.pop("serial") == serial
        answers.append(json.dumps(refused).replace(serial, "?"))
        made.main.device.state.refresh_from_db()
        assert made.main.device.state.refused_at is None
    assert answers[0] == answers[1] and "unknown_serial" in answers[0]


PERSONS = ("owner", "nobody")


@pytest.mark.parametrize("name", ADMIN_MODELS)
def test_admin_of_a_model(name: str, made: World) -> None:
    one_of_everything(made)
    may, buttons = ADMIN_MODELS[name]
    model = next(model for model in admin.site._registry if model._meta.label_lower == name)
    row = model._default_manager.order_by("pk").first()
    assert row is not None, f"make one of {name} in tests/access_world.py"
    base = "/admin/" + name.replace(".", "/") + "/"
    one = f"{base}{row.pk}/"
    pages = {
        base: 200,
        one: 302,
        one + "change/": 200,
        one + "history/": 200,
        base + "add/": 200 if "add" in may else 403,
        one + "delete/": 200 if "delete" in may else 403,
        **{f"{one}{button}/": 200 for button in buttons},
    }
    unchanged = Unchanged()
    for path in pages:
        for who in ("anon", "clerk", *PERSONS):
            client = made.clients[who]
            for response in (
                client.get(path),
                client.post(path, {"reason": "x", "quantity": "1", "note": "x"}),
            ):
                said = answer(response)
                # The short form only leads to the change page, which then asks for permission.
                wanted = {"anon": "in", "clerk": "403"}.get(who, "gate")
                if who == "clerk" and path == one:
                    wanted = f"→ {one}change/"
                assert said == wanted, f"{who} at {path}: expected {wanted}, got {said}"
    unchanged.check("who was refused came")
    staff = made.clients["staff"]
    for path, expected in pages.items():
        assert staff.get(path).status_code == expected, path
    for button in buttons:
        assert staff.get(f"{base}{10**9}/{button}/").status_code == 404
    unchanged.check("staff read the admin")
    if "change" not in may:
        assert staff.post(one + "change/", {"name": "x"}).status_code == 403
        unchanged.check("staff changed what may not be changed")


def test_the_admins_list_is_the_tables() -> None:
    registered = {model._meta.label_lower for model in admin.site._registry}
    assert registered == set(ADMIN_MODELS), (
        "a model in the admin needs a line in ADMIN, and the other way round"
    )
    for model, site in admin.site._registry.items():
        named = ADMIN_MODELS[model._meta.label_lower][1]
        assert [button.slug for button in getattr(site, "buttons", ())] == named


@pytest.mark.parametrize("row", rows(ADMIN_PAGES), ids=repr)
def test_admin_pages_of_no_model(row: Row, made: World) -> None:
    path = (
        row.pattern.replace("(?P<app_label>…)", "orders")
        .replace("<path:content_type_id>/<path:object_id>", "999999/1")
        .replace("(?P<url>.*)", "nothing/here/")
        .replace("<slug:public_id>", MISSING)
    )
    unchanged = Unchanged()
    for who, expected in row.cells.items():
        for person in PERSONS if who == "person" else (who,):
            response = made.clients[person].get(path)
            assert agrees(answer(response), expected), (
                f"{person}: expected {expected}, got {answer(response)}"
            )
    unchanged.check("all looked")


def test_health_says_nothing_but_that(made: World) -> None:
    """Answered before the resolver, under any host name."""
    for path in ("/healthz", "/readyz"):
        response = Client(headers={"host": "10.0.0.9"}).get(path)
        assert response.status_code == 200
        assert set(response.json()) <= {"ok", "database", "migrated", "valkey"}


def test_a_table_that_is_wrong_is_noticed(made: World) -> None:
    """The matrix itself can fail: a wrong word, a page that leaks."""
    wrong = Row("GET /orders/<slug:public_id>/ in 200 200 200 200 200 200 404 na na na", COLUMNS)
    with pytest.raises(AssertionError, match="astray asked GET"):
        try_row(wrong, made)
    made.press.markers |= made.main.markers
    made.main.markers = set()
    with pytest.raises(AssertionError, match="reads"):
        try_row(Row("GET /orders/ in 200 200 200 200 200 - 200 na na na", COLUMNS), made)
