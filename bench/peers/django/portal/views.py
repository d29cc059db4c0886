import hashlib, json, secrets
from datetime import timedelta
from functools import wraps
from allauth.account.views import LoginView
from django.conf import settings
from django.contrib.auth import login as auth_login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from .models import Appointment, Charge, Client, Document, Invitation, Outbox, User

login = LoginView.as_view(template_name="account/login.html")


def healthz(request):
    return HttpResponse("ok")


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


def staff_only(view):
    @csrf_exempt
    @require_POST
    @wraps(view)
    def inner(request):
        given = request.headers.get("Authorization", "")
        if not secrets.compare_digest(given, "Bearer " + settings.STAFF_TOKEN):
            return JsonResponse({"error": "forbidden"}, status=403)
        return view(request, json.loads(request.body))
    return inner


def build(client):
    token = secrets.token_urlsafe(32)
    inv = Invitation(client=client, token_hash=digest(token),
                     expires=timezone.now() + timedelta(days=settings.INVITE_DAYS))
    body = (f"Hello {client.first_name},\n\nyour practice invites you to its client portal. "
            f"The link works for {settings.INVITE_DAYS} days:\n"
            f"https://portal.practice.example/register/{token}\n")
    return inv, Outbox(to=client.email, subject="Your client portal invitation", body=body)


@staff_only
def invite(request, data):
    client = Client.objects.get(pk=data["client_id"])
    inv, mail = build(client)
    with transaction.atomic():
        Invitation.objects.filter(client=client, used=None, superseded=False).update(superseded=True)
        inv.save()
        mail.save()
    return JsonResponse({"invitation": inv.pk}, status=201)


@staff_only
def invite_bulk(request, data):
    pairs = [build(c) for c in Client.objects.filter(pk__gte=data["from"], pk__lte=data["to"])]
    with transaction.atomic():
        Invitation.objects.filter(client_id__gte=data["from"], client_id__lte=data["to"],
                                  used=None, superseded=False).update(superseded=True)
        Invitation.objects.bulk_create([p[0] for p in pairs], batch_size=500)
        Outbox.objects.bulk_create([p[1] for p in pairs], batch_size=500)
    return JsonResponse({"queued": len(pairs)}, status=201)


def register(request, token):
    inv = (Invitation.objects.select_related("client")
           .filter(token_hash=digest(token), used=None, superseded=False, expires__gt=timezone.now()).first())
    error = None if inv else "This link has expired or was used. Ask your practice for a new one."
    if request.method == "POST" and inv:
        c, p = inv.client, request.POST
        if p.get("last_name", "").strip().casefold() != c.last_name.casefold() or parse_date(p.get("dob", "")) != c.dob:
            error = "Those details do not match our records."
        else:
            try:
                validate_password(p.get("password", ""))
                with transaction.atomic():
                    if not Invitation.objects.filter(pk=inv.pk, used=None).update(used=timezone.now()):
                        raise ValidationError("This link was used.")
                    user = User.objects.create_user(c.email, p["password"], client=c)
                auth_login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
                return redirect("/home")
            except ValidationError as e:
                error = " ".join(e.messages)
    return render(request, "register.html", {"inv": inv, "error": error})


@login_required
def home(request):
    c, now = request.user.client, timezone.now()
    unread = Document.objects.filter(client=c)
    return render(request, "home.html", {
        "client": c,
        "documents": unread.order_by("-shared")[:5],
        "more": unread.count() - 5,
        "appointments": Appointment.objects.filter(client=c, starts__gte=now).order_by("starts")[:2],
        "balance": (Charge.objects.filter(client=c).aggregate(s=Sum("cents"))["s"] or 0) / 100,
    })
