//! Acts out the stories of [`super::people`] in the order of time: the clock goes from step to step,
//! mail leaves in between, and reminders go out when they are due.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::app::JOBS;
use crate::demo::seed::people::{Made, Representative, Step};
use crate::features::access::Doubt;
use crate::features::access::actions::{
    self, Act, Authority, DeclineAnswer, Done, GrantTerms, Key, NewCredential, RegisterOrder, Registered,
    Target,
};
use crate::features::access::overviews_of_chart;
use crate::features::accounts;
use crate::features::charts::{self};
use crate::features::people::{self, ChartFile};
use crate::kernel::civil::BirthDate;
use crate::kernel::clock::{Clock, MovableClock};
use crate::kernel::ids::{AccountId, ChartId};
use crate::kernel::secrets::{Secret, Token};
use crate::platform::audit::{Actor, By};
use crate::platform::db::PracticeScope;
use crate::platform::fault::Fault;
use crate::platform::i18n::Language;
use crate::platform::jobs;
use crate::platform::mail::Receiver;
use crate::platform::outbox;
use crate::platform::permissions::Terms;
use crate::platform::state::AppState;
use crate::platform::stop;

/// The password of every client of the demo.
pub const CLIENT_PASSWORD: &str = "a walk along the river";

/// Where the demo's clients sit: an address that belongs to nobody (RFC 5737).
const HOME: &str = "198.51.100.7";

/// Hours between two looks at what is due by itself.
const LOOK_EVERY: u32 = 6;

/// A chart of the demo, once it was made.
pub struct Chart {
    /// Who, and what happens to them.
    pub made: Made,
    /// The chart.
    pub id: ChartId,
    /// The account of whoever registered.
    pub account: Option<AccountId>,
    letter: Option<Token>,
}

/// The teller: what every step needs.
pub struct Teller<'a> {
    /// The practice.
    pub app: &'a AppState,
    /// The practice.
    pub scope: &'a PracticeScope,
    /// Who of the staff does it.
    pub desk: By,
    /// Where mails arrive.
    pub mailbox: &'a Receiver,
    /// The clock.
    pub clock: &'a Arc<MovableClock>,
    accounts: HashMap<String, AccountId>,
}

fn odd(what: &str, made: &Made, answer: impl std::fmt::Debug) -> Fault {
    Fault::other(format!("seeding {}: {what}: {answer:?}", made.name()))
}

impl<'a> Teller<'a> {
    /// Begins.
    pub fn new(
        app: &'a AppState,
        scope: &'a PracticeScope,
        desk: By,
        mailbox: &'a Receiver,
        clock: &'a Arc<MovableClock>,
    ) -> Self {
        Self { app, scope, desk, mailbox, clock, accounts: HashMap::new() }
    }

    /// Makes the charts.
    pub async fn make(&self, people: Vec<Made>) -> Result<Vec<Chart>, Fault> {
        let today = self.clock.now().in_zone(crate::demo::zone::of_the_practice()?.rules()).date();
        let mut all = Vec::new();
        for made in people {
            let sheet = made.sheet.check(today).map_err(|problems| odd("face sheet", &made, problems))?;
            let created = charts::create(self.app, self.scope, self.desk.clone(), sheet)
                .await?
                .map_err(|refused| odd("chart", &made, refused))?;
            all.push(Chart { made, id: created.chart, account: None, letter: None });
        }
        Ok(all)
    }

    /// Tells everything up to the present.
    pub async fn tell(&mut self, charts: &mut [Chart]) -> Result<(), Fault> {
        let mut plan: Vec<(u32, usize, Step)> = Vec::new();
        for (i, chart) in charts.iter().enumerate() {
            plan.extend(chart.made.story.iter().map(|(hours, step)| (*hours, i, *step)));
        }
        // The longest ago first; a chart's own steps of one hour stay in their order.
        plan.sort_by_key(|(hours, _, _)| std::cmp::Reverse(*hours));
        let mut next_look = plan.first().map_or(0, |(hours, _, _)| *hours).saturating_sub(LOOK_EVERY);
        for (hours, i, step) in plan {
            while next_look > hours {
                self.be(next_look);
                self.look().await?;
                next_look = next_look.saturating_sub(LOOK_EVERY);
            }
            self.be(hours);
            let Some(chart) = charts.get_mut(i) else { continue };
            self.step(chart, step).await?;
        }
        while next_look > 0 {
            self.be(next_look);
            self.look().await?;
            next_look = next_look.saturating_sub(LOOK_EVERY);
        }
        self.be(0);
        self.look().await
    }

    /// The civil date of the present, wherever the clock stands.
    pub fn today(&self) -> Result<Date, Fault> {
        let present = self.clock.now().plus_seconds(-self.clock.ahead_seconds());
        Ok(present.in_zone(crate::demo::zone::of_the_practice()?.rules()).date())
    }

    /// Goes forward to so many hours before the present.
    fn be(&self, hours_ago: u32) {
        let behind = -self.clock.ahead_seconds();
        let forward = behind - i64::from(hours_ago) * 3_600;
        self.clock.advance_seconds(u32::try_from(forward).unwrap_or(0));
    }

    /// What happens by itself: reminders, and mail that leaves.
    async fn look(&self) -> Result<(), Fault> {
        let (_stopper, stop) = stop::signal();
        if jobs::run_due(self.app, &JOBS, &stop).await?.changed > 0 {
            self.drain().await?;
        }
        Ok(())
    }

    /// Waits until no mail waits for its first try.
    async fn drain(&self) -> Result<(), Fault> {
        self.app.outbox_bell.notify_one();
        for _ in 0..2_000 {
            let depth = self.app.db.system_read(outbox::depth).await?;
            if depth.queued == 0 && depth.sending == 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Err(Fault::other("seeding: mail does not leave"))
    }

    async fn file(&self, chart: &Chart) -> Result<ChartFile, Fault> {
        let id = chart.id.clone();
        let found = self.app.db.read(self.scope, move |c| people::load_file(c, &id)).await?;
        found.ok_or_else(|| odd("its chart is gone", &chart.made, ""))
    }

    async fn access(&self, chart: &Chart) -> Result<(crate::kernel::ids::AccessId, i32), Fault> {
        let id = chart.id.clone();
        let all = self.app.db.read(self.scope, move |c| overviews_of_chart(c, &id)).await?;
        let owner = all.into_iter().next().and_then(|o| Some((o.access_id?, o.generation)));
        owner.ok_or_else(|| odd("it has no owner's grant", &chart.made, ""))
    }

    async fn owner_address(&self, chart: &Chart) -> Result<String, Fault> {
        let file = self.file(chart).await?;
        let (_, addresses) = file.owner();
        let email = addresses.iter().find(|a| a.kind == people::AddressKind::Email);
        Ok(email.map(|a| a.value.clone()).unwrap_or_default())
    }

    /// The newest link that came to the owner's address, or on paper.
    async fn link(&self, chart: &Chart) -> Result<Token, Fault> {
        if let Some(token) = &chart.letter {
            return Ok(token.clone());
        }
        let address = self.owner_address(chart).await?;
        self.link_to(chart, &address).await
    }

    /// The newest link that came to an address.
    async fn link_to(&self, chart: &Chart, address: &str) -> Result<Token, Fault> {
        self.drain().await?;
        let mails = self.mailbox.mails_to(address);
        mails
            .iter()
            .rev()
            .filter_map(|mail| mail.link())
            .filter(|link| link.contains("/i/"))
            .find_map(|link| Token::read(link.rsplit('/').next()?))
            .ok_or_else(|| odd("no link came to its address", &chart.made, mails.len()))
    }

    fn holder(&self) -> By {
        By { actor: Actor::LinkHolder, source: HOME.into() }
    }

    async fn order(
        &self,
        chart: &Chart,
        last_name: &str,
        born: &BirthDate,
        nonce: &str,
    ) -> Result<RegisterOrder, Fault> {
        let file = self.file(chart).await?;
        let (owner, _) = file.owner();
        Ok(RegisterOrder {
            key: Key::Token(self.link(chart).await?),
            last_name: last_name.to_owned(),
            birth_date: born.clone(),
            credential: NewCredential::Password(Secret::new(CLIENT_PASSWORD.into())),
            nonce: nonce.to_owned(),
            language: Language::read(&owner.language),
            ip_bucket: HOME.into(),
            device: None,
            session: None,
        })
    }

    /// Makes a contact a representative, invites them and registers them.
    async fn represent(&mut self, chart: &Chart, given: Representative) -> Result<(), Fault> {
        let file = self.file(chart).await?;
        let contact =
            file.contacts.get(given.contact).ok_or_else(|| odd("no contact", &chart.made, given.contact))?;
        let born = file.client.birth_date.clone().ok_or_else(|| odd("no birth date", &chart.made, ""))?;
        let today = self.today()?;
        let terms = GrantTerms {
            basis: given.basis,
            rights: Terms::read(given.rights),
            starts_on: None,
            ends_on: given.ends_in.map(|days| today.saturating_add(days.days())),
        };
        let add = Act::AddRepresentative { person: contact.person.person_id, terms };
        let added = self.act(chart, Target::Owner(chart.id), add).await?;
        let access = added.access.ok_or_else(|| odd("no grant", &chart.made, ""))?;
        let invite = Act::Invite { address: None, confirmed: Doubt::ALL.to_vec() };
        self.act(chart, Target::Grant(access), invite).await?;
        let address = contact.addresses.first().map(|address| address.value.clone()).unwrap_or_default();
        let order = RegisterOrder {
            key: Key::Token(self.link_to(chart, &address).await?),
            last_name: file.client.last_name.clone(),
            birth_date: born,
            credential: NewCredential::Password(Secret::new(CLIENT_PASSWORD.into())),
            nonce: format!("register-{access}"),
            language: Language::read(&contact.person.language),
            ip_bucket: HOME.into(),
            device: None,
            session: None,
        };
        match actions::register(self.app, self.scope, self.holder(), order).await? {
            Registered::Welcome { account, sign_in_name } => {
                self.accounts.insert(sign_in_name, account);
                self.drain().await
            }
            other => Err(odd("register", &chart.made, other)),
        }
    }

    async fn act(&self, chart: &Chart, target: Target, act: Act) -> Result<Done, Fault> {
        let name = format!("{act:?}");
        actions::act(self.app, self.scope, self.desk.clone(), target, act)
            .await?
            .map_err(|why| odd(&name, &chart.made, why))
    }

    async fn step(&mut self, chart: &mut Chart, step: Step) -> Result<(), Fault> {
        let (app, scope) = (self.app, self.scope);
        match step {
            Step::Invite => {
                let act = Act::Invite { address: None, confirmed: Doubt::ALL.to_vec() };
                self.act(chart, Target::Owner(chart.id.clone()), act).await?;
                self.drain().await?;
            }
            Step::Resend => {
                let (access, generation) = self.access(chart).await?;
                let act = Act::Resend { seen: Some(generation), confirmed: Doubt::ALL.to_vec() };
                self.act(chart, Target::Grant(access), act).await?;
                self.drain().await?;
            }
            Step::Letter => {
                let target = Target::Owner(chart.id.clone());
                let done = self.act(chart, target, Act::Letter { seen: None }).await?;
                chart.letter = done.link.map(|link| link.token);
            }
            Step::Cancel => {
                let (access, _) = self.access(chart).await?;
                self.act(chart, Target::Grant(access), Act::Cancel).await?;
            }
            Step::Mismatch(times) => {
                let file = self.file(chart).await?;
                let born =
                    file.client.birth_date.clone().ok_or_else(|| odd("no birth date", &chart.made, ""))?;
                for n in 0..times {
                    // A last name that is nobody's, with the right day: the timeline says which differed.
                    let order = self.order(chart, "Somebody-Else", &born, &format!("mismatch-{n}")).await?;
                    match actions::register(app, scope, self.holder(), order).await? {
                        Registered::Mismatch { .. } | Registered::NotOpen(_) => {}
                        other => return Err(odd("mismatch", &chart.made, other)),
                    }
                }
            }
            Step::Decline => {
                let key = Key::Token(self.link(chart).await?);
                actions::decline(app, scope, self.holder(), key, DeclineAnswer::NotMe).await?;
            }
            Step::Ask => {
                let key = Key::Token(self.link(chart).await?);
                actions::ask_for_new_link(app, scope, self.holder(), key).await?;
            }
            Step::Register(existing) => {
                let file = self.file(chart).await?;
                let born =
                    file.client.birth_date.clone().ok_or_else(|| odd("no birth date", &chart.made, ""))?;
                let last_name = file.client.last_name.clone();
                let mut order =
                    self.order(chart, &last_name, &born, &format!("register-{}", chart.id)).await?;
                if existing {
                    let name = self.owner_address(chart).await?;
                    order.credential =
                        NewCredential::Existing { name, password: Secret::new(CLIENT_PASSWORD.into()) };
                }
                match actions::register(app, scope, self.holder(), order).await? {
                    Registered::Welcome { account, sign_in_name } => {
                        self.accounts.insert(sign_in_name, account.clone());
                        chart.account = Some(account);
                    }
                    other => return Err(odd("register", &chart.made, other)),
                }
                self.drain().await?;
            }
            Step::SignIn => {
                let visitor = crate::platform::web::sign_in::Visitor {
                    source: HOME.into(),
                    ip_bucket: HOME.into(),
                    agent: "Mozilla/5.0 (demo)".into(),
                    former: None,
                    device: None,
                };
                let name = self.owner_address(chart).await?;
                let password = Secret::new(CLIENT_PASSWORD.into());
                match accounts::actions::sign_in(app, scope, visitor, &name, password).await? {
                    accounts::actions::SignIn::Welcome(..) => {}
                    other => return Err(odd("sign-in", &chart.made, other)),
                }
            }
            Step::Bounce => {
                self.drain().await?;
                let address = self.owner_address(chart).await?;
                let mails = self.mailbox.mails_to(&address);
                let mail = mails.last().ok_or_else(|| odd("no mail to bounce", &chart.made, ""))?;
                let report =
                    bounce_of(&mail.return_path, &address, mail.header("Message-ID").unwrap_or_default());
                match outbox::bounce(app, report.as_bytes()).await? {
                    outbox::BounceOutcome::Undeliverable(_) => {}
                    other => return Err(odd("bounce", &chart.made, other)),
                }
            }
            Step::ContactOwns => {
                let file = self.file(chart).await?;
                let contact = file.contacts.first().ok_or_else(|| odd("no contact", &chart.made, ""))?;
                let to = contact.person.person_id.clone();
                let authority = Authority::of("Parent of the client".into(), "The client's parents".into());
                self.act(
                    chart,
                    Target::Owner(chart.id.clone()),
                    Act::ChangeOwner { to, authority, seen: None },
                )
                .await?;
            }
            Step::Revoke => {
                let (access, _) = self.access(chart).await?;
                let reason = "Moved to another practice".into();
                self.act(chart, Target::Grant(access), Act::Revoke { reason }).await?;
            }
            Step::Represent(given) => self.represent(chart, given).await?,
            Step::Restore => {
                let (access, _) = self.access(chart).await?;
                self.act(chart, Target::Grant(access), Act::Restore).await?;
                self.drain().await?;
            }
        }
        Ok(())
    }
}

/// A delivery status notification (RFC 3464), as another mail server would write it.
fn bounce_of(return_path: &str, address: &str, message_id: &str) -> String {
    let lines = [
        "From: MAILER-DAEMON@mx.example.net",
        &format!("To: <{return_path}>"),
        "Subject: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=\"demo\"",
        "",
        "--demo",
        "Content-Type: text/plain; charset=utf-8",
        "",
        "Your message could not be delivered.",
        "",
        "--demo",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example.net",
        "",
        &format!("Final-Recipient: rfc822; {address}"),
        "Action: failed",
        "Status: 5.1.1",
        "Diagnostic-Code: smtp; 550 5.1.1 user unknown",
        "",
        "--demo",
        "Content-Type: text/rfc822-headers",
        "",
        &format!("Message-ID: {message_id}"),
        "",
        "--demo--",
        "",
    ];
    lines.join("\r\n")
}
