"""A reader's own case: tried on the planner's page, taken along, and kept only when the reader asks for it."""

from __future__ import annotations

from importlib.resources import files

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from blanko.decisions.planning import outlook
from blanko.decisions.planning.outlook.case import BYTES_MAX, built_in, parse, read
from blanko.doors.web import waiting
from blanko.doors.web.forms import Field, Form
from blanko.doors.web.pages import plan
from blanko.doors.web.pages.responses import named_errors, page
from blanko.kernel.errors import BlankoError


def own_form() -> Form:
    return Form(
        "own", "/plan/own", _("Try a case of your own"), _("Try it"), [
            Field("file", _("File"), "file", _("A TOML file as of ./blanko planning runout --scenario FILE."),
                  required=False),
            Field("text", _("or its text"), "code", required=False),
        ],
        _("The answer stands on the next page; nothing is stored. A key that nobody reads, a share over 1 or a "
          "contract without a schedule is named with its line."),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@named_errors
def own(request: HttpRequest) -> HttpResponse:
    """``/plan/own``: a case is sent and answered; ``do=keep`` keeps it for a day, ``?table=`` takes it along."""
    form, text = own_form(), ""
    if request.method == "POST":
        try:
            text = _sent(request)
            case = parse(text)
            if request.POST.get("do") == "keep":
                # The same bytes have the same address; a day later they are gone.
                token = waiting.keep(SimpleUploadedFile("case.toml", text.encode()))
                return HttpResponseRedirect(f"/plan?case={token}")
            return plan.answer(request, "", case, own=text)
        except BlankoError as error:
            form.named("text").value = text
            form.refuse(error, dict.fromkeys(("bad_case", "invalid_plan", "no_case_sent"), "text"))
    answer = page(
        request, "plan_own.html", form=form, cases=built_in(), crumbs=[("/plan", _("Plan"))],
    )  # fmt: skip
    answer.status_code = 422 if request.method == "POST" else 200
    return answer


class NoCaseSent(BlankoError):
    """Neither a file nor a text was sent."""


def _sent(request: HttpRequest) -> str:
    """The text of the case, from the file or else from the field. Raises NoCaseSent, BadCase."""
    given = request.FILES.get("file")
    if given is not None:
        return read(given.read(BYTES_MAX + 1), name=str(given.name)[:100])
    text = request.POST.get("text", "").replace("\r\n", "\n")
    if not text.strip():
        raise NoCaseSent("no case was sent", mend="choose a TOML file, or paste its text")
    return read(text.encode(), name=_("your case"))


@require_GET
@named_errors
def built_in_case(request: HttpRequest, name: str) -> HttpResponse:
    """``/plan/cases/<name>.toml``: a built-in case as a file to begin from."""
    if name not in built_in():
        raise Http404
    body = (files(outlook) / "cases" / f"{name}.toml").read_bytes()
    response = HttpResponse(body, content_type="application/toml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.toml"'
    return response
