from datetime import date, timedelta
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand
from django.utils import timezone
from portal.models import Appointment, Charge, Client, Document, User


class Command(BaseCommand):
    help = "5,000 clients; each 8 documents, 6 appointments, 8 charges; the first 500 have accounts."

    def handle(self, **kw):
        now, day = timezone.now(), date(1960, 1, 1)
        clients = Client.objects.bulk_create([
            Client(first_name=f"First{i}", last_name=f"Last{i}", dob=day + timedelta(days=i),
                   email=f"client{i}@example.test") for i in range(1, 5001)], batch_size=500)
        Document.objects.bulk_create([Document(client=c, title=f"Your next steps, part {k}",
            shared=now - timedelta(days=k)) for c in clients for k in range(8)], batch_size=500)
        Appointment.objects.bulk_create([Appointment(client=c, starts=now + timedelta(days=7 * k - 7),
            clinician="Casey Moreno") for c in clients for k in range(6)], batch_size=500)
        Charge.objects.bulk_create([Charge(client=c, cents=(-12500 if k % 2 else 15000), label=f"Session {k}",
            posted=now.date() - timedelta(days=7 * k)) for c in clients for k in range(8)], batch_size=500)
        pw = make_password("correct horse battery")
        User.objects.bulk_create([User(email=c.email, client=c, password=pw) for c in clients[:500]])
