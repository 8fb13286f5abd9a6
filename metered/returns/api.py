"""/api/v1/returns: the same that people do on the pages."""

from __future__ import annotations

from typing import Any, cast

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from metered.accounts.access import Viewer
from metered.accounts.authentication import BrowserAuthentication, KeyAuthentication, KeyThrottle
from metered.accounts.queries import addresses
from metered.lib.errors import Refused
from metered.lib.problems import MEDIA_TYPE, ProblemSerializer
from metered.returns import actions, api_forms, queries
from metered.returns.serializers import FileReturnSerializer, ReturnPageSerializer, WholeReturnSerializer


def _problems(*statuses: int) -> dict[tuple[int, str], Any]:
    return {(status, MEDIA_TYPE): ProblemSerializer for status in statuses}


class CustomerView(APIView):
    """Admits a program with a key, or a person's browser; `viewer` is whoever it acts as."""

    authentication_classes = [KeyAuthentication, BrowserAuthentication]
    permission_classes = [IsAuthenticated]
    throttle_classes = [KeyThrottle]
    parser_classes = [JSONParser]

    @property
    def viewer(self) -> Viewer:
        viewer: object = self.request.auth
        assert isinstance(viewer, Viewer)
        return viewer

    def must(self, ability: Any) -> None:
        if not self.viewer.may(ability):
            raise PermissionDenied


class ReturnsView(CustomerView):
    @extend_schema(
        operation_id="list_returns",
        tags=["returns"],
        summary="List returns, newest first",
        parameters=[
            OpenApiParameter("state", str, enum=[*queries.STATES]),
            OpenApiParameter("address", str, description="The id of an address."),
            OpenApiParameter("search", str, description="An RMA number or a reorder number."),
            OpenApiParameter("after", str, description="From the page before."),
        ],
        responses={200: ReturnPageSerializer, **_problems(401, 403, 429)},
    )
    def get(self, request: Request) -> Response:
        asked = {name: request.query_params.get(name, "")[:80] for name in ("search", "state", "address")}
        page = queries.history(
            self.viewer,
            queries.Wanted(**asked),
            after=api_forms.opened(request.query_params.get("after", "")),
        )
        return Response(
            {"returns": [api_forms.listed(row) for row in page.rows], "after": api_forms.sealed(page.older)}
        )

    @extend_schema(
        operation_id="file_return",
        tags=["returns"],
        summary="File a return",
        description="No credit is given. Confirmed at once where nothing has to be asked, else by `due_on`.",
        request=FileReturnSerializer,
        responses={201: WholeReturnSerializer, **_problems(400, 401, 403, 404, 409, 415, 429)},
    )
    def post(self, request: Request) -> Response:
        self.must("order")
        form = FileReturnSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        asked: Any = form.validated_data
        address = addresses(self.viewer).filter(public_id=asked["address"]).first()
        if address is None:
            raise NotFound
        units, wrong = api_forms.units_of(asked["lines"])
        if wrong:
            raise ValidationError({"lines": wrong})
        try:
            made = actions.file_return(
                account_id=self.viewer.account_id,
                address=address,
                filled=actions.Filled(
                    units=units,
                    boxes=asked["boxes"],
                    weight_kg=asked.get("weight_kg"),
                    contact=asked["contact"],
                    phone=asked["phone"],
                    note=asked["note"],
                ),
                once=asked["once"],
                actor=cast(Any, request.user),
            )
        except Refused as refused:
            raise ValidationError({refused.code: [refused.reason]}) from None
        return Response(_whole(self.viewer, made.public_id), status=201)


class ReturnView(CustomerView):
    @extend_schema(
        operation_id="get_return",
        tags=["returns"],
        summary="One return with its timeline",
        responses={200: WholeReturnSerializer, **_problems(401, 403, 404, 429)},
    )
    def get(self, request: Request, public_id: str) -> Response:
        return Response(_whole(self.viewer, public_id))


class WithdrawView(CustomerView):
    @extend_schema(
        operation_id="withdraw_return",
        tags=["returns"],
        summary="Withdraw a return that was not handed over",
        request=None,
        responses={200: WholeReturnSerializer, **_problems(400, 401, 403, 404, 429)},
    )
    def post(self, request: Request, public_id: str) -> Response:
        self.must("order")
        found = queries.whole(self.viewer, public_id)
        if found is None:
            raise NotFound
        try:
            actions.withdraw(
                made=found.made, actor=cast(Any, request.user), because=_("Withdrawn by a program.")
            )
        except Refused as refused:
            raise ValidationError({refused.code: [refused.reason]}) from None
        return Response(_whole(self.viewer, public_id))


def _whole(viewer: Viewer, public_id: str) -> dict[str, Any]:
    found = queries.whole(viewer, public_id)
    if found is None:
        raise NotFound
    return api_forms.whole(found)
