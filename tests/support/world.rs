//! A whole application, and the people of two practices.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anteroom::app;
use anteroom::kernel::chance::{Chance, SystemChance};
use anteroom::kernel::civil::BirthDate;
use anteroom::kernel::clock::{Clock, Moment, MovableClock};
use anteroom::kernel::email::EmailAddress;
use anteroom::kernel::ids::{AddressId, ChartId, PersonId, PracticeId, StaffId};
use anteroom::kernel::secrets::Secret;
use anteroom::platform::audit::{Actor, By};
use anteroom::platform::crypto::{HashCost, Keys, PasswordHashing};
use anteroom::platform::db::schema::{chart, person, person_address, staff_member};
use anteroom::platform::db::{DatabaseUrl, Db, Door, PracticeScope, Scoped, migrate};
use anteroom::platform::i18n::Language;
use anteroom::platform::live::Live;
use anteroom::platform::permissions::Role;
use anteroom::platform::state::{App, AppState, Settings};
use anteroom::platform::web::session::{self, Audience};
use anteroom::rooms::access::actions::{self, InviteOrder, Sent};
use anteroom::rooms::practice::{self, NewPractice, Practice};
use diesel::prelude::*;
use tokio::sync::Notify;

use super::browser::Browser;
use super::postgres;

/// Everybody's password, staff and clients alike.
pub const PASSWORD: &str = "quiet green river stones";

/// Signs what is posted to the bounce hook.
pub const BOUNCE_SECRET: &str = "a secret that only the test and the mail server know";

/// Tuesday, December 1, 2026, 10:00 AM in New York: where every world's clock begins.
pub const BEGINNING: Moment = Moment::from_micros(1_796_137_200_000_000);

/// Which database a story runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The embedded one.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Engine {
    /// Its word in `ANTEROOM_TEST_ENGINES`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// Did `ANTEROOM_TEST_ENGINES` leave it in?
    pub fn is_wanted(self) -> bool {
        match std::env::var("ANTEROOM_TEST_ENGINES").as_deref() {
            Err(_) | Ok("" | "both") => true,
            Ok(word @ ("sqlite" | "postgres")) => word == self.word(),
            Ok(other) => panic!("ANTEROOM_TEST_ENGINES is sqlite, postgres or both, not {other:?}"),
        }
    }

    /// A fresh, migrated database.
    pub fn fresh_database(self) -> Database {
        match self {
            Self::Sqlite => {
                let folder = tempfile::Builder::new()
                    .prefix("anteroom-test-")
                    .tempdir()
                    .expect("a temporary folder")
                    .keep();
                let url = DatabaseUrl::Sqlite(folder.join("anteroom.db"));
                migrate(&url).expect("migrate the test's database");
                Database { url, folder: Some(folder) }
            }
            Self::Postgres => Database { url: postgres::cluster().fresh_database(), folder: None },
        }
    }
}

/// A test's database.
#[derive(Clone, Debug)]
pub struct Database {
    /// Its address.
    pub url: DatabaseUrl,
    /// Its folder, on SQLite.
    pub folder: Option<PathBuf>,
}

impl Database {
    /// As the command line and the configuration write it.
    pub fn text(&self) -> String {
        match &self.url {
            DatabaseUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
            DatabaseUrl::Postgres(url) => url.clone(),
        }
    }
}

/// Removes a test's database.
pub fn take_down(database: Database) {
    if let Some(folder) = database.folder {
        let _ = std::fs::remove_dir_all(folder);
    }
    if let DatabaseUrl::Postgres(url) = database.url {
        postgres::cluster().drop_database(&url);
    }
}

/// A staff member.
#[derive(Clone, Debug)]
pub struct Member {
    /// Whose.
    pub staff_id: StaffId,
    /// Name.
    pub name: String,
    /// Sign-in name; the password is [`PASSWORD`].
    pub email: String,
    /// Role.
    pub role: Role,
}

/// A practice and its staff, one of each role.
#[derive(Clone, Debug)]
pub struct House {
    /// The practice's row.
    pub practice: Practice,
    /// Opened by the operator, for actions that a test calls directly.
    pub scope: PracticeScope,
    /// One of each role.
    pub staff: Vec<Member>,
}

impl House {
    /// Its part of every public address.
    pub fn slug(&self) -> &str {
        &self.practice.slug
    }

    /// The member with this role.
    pub fn member(&self, role: Role) -> &Member {
        self.staff.iter().find(|m| m.role == role).expect("a member of each role")
    }

    /// Who acts when a test calls an action as this member.
    pub fn by(&self, role: Role) -> By {
        let member = self.member(role);
        By { actor: Actor::Staff(member.staff_id.clone(), member.name.clone()), source: "127.0.0.1".into() }
    }
}

/// A client with a chart.
#[derive(Clone, Debug)]
pub struct Client {
    /// The chart.
    pub chart_id: ChartId,
    /// The client.
    pub person_id: PersonId,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// `YYYY-MM-DD`.
    pub born: String,
    /// The address on the face sheet; empty for none.
    pub email: String,
}

/// See the module.
pub struct World {
    /// The application's state, as handlers have it.
    pub app: AppState,
    /// The clock that everything asks; it stands still until it is moved.
    pub clock: Arc<MovableClock>,
    /// Which engine.
    pub engine: Engine,
    /// Its database.
    pub database: Database,
    /// Where the application listens.
    pub address: SocketAddr,
    /// "Riverbend Counseling", slug `riverbend`.
    pub riverbend: House,
    /// "Twin Oaks Counseling", slug `twinoaks`.
    pub twinoaks: House,
    charts_made: u32,
}

/// What a world is made with, for stories that need it otherwise.
pub struct Plan {
    /// Which engine.
    pub engine: Engine,
    /// The origin; `None` for the plain address that it listens on.
    pub public_url: Option<String>,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// The price of a password's hash.
    pub hash_cost: HashCost,
    /// An existing database, for a second process on it.
    pub database: Option<Database>,
    /// The clock.
    pub clock: Arc<MovableClock>,
}

impl Plan {
    /// The usual one.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            public_url: None,
            trusted_proxies: Vec::new(),
            hash_cost: HashCost::Test,
            database: None,
            clock: Arc::new(MovableClock::frozen(BEGINNING)),
        }
    }
}

/// The 32 bytes of every test's key file.
pub const MASTER_KEY: [u8; 32] = [42; 32];

impl World {
    /// A fresh world on an engine.
    pub async fn open(engine: Engine) -> Self {
        Self::planned(Plan::new(engine)).await
    }

    /// A world as planned.
    pub async fn planned(plan: Plan) -> Self {
        let is_second = plan.database.is_some();
        let database = match plan.database {
            Some(database) => database,
            None => tokio::task::spawn_blocking(move || plan.engine.fresh_database())
                .await
                .expect("a database for the test"),
        };
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("the address");
        let clock = plan.clock;
        let chance: Arc<dyn Chance> = Arc::new(SystemChance);
        let keys = Keys::from_master(&MASTER_KEY);
        let opened = {
            let (url, clock, chance) = (database.url.clone(), clock.clone(), chance.clone());
            tokio::task::spawn_blocking(move || Db::open(&url, 6, clock, chance))
        };
        let db = opened.await.expect("the task ran").expect("open the database");
        let app: AppState = Arc::new(App {
            db,
            clock: clock.clone(),
            chance,
            hashing: PasswordHashing::new(&keys, plan.hash_cost).expect("password hashing"),
            keys,
            settings: Settings {
                public_url: plan.public_url.unwrap_or_else(|| format!("http://{address}")),
                trusted_proxies: plan.trusted_proxies,
                mail_sender: "portal@anteroom.example.org".into(),
                bounce_domain: "bounce.anteroom.example.org".into(),
                bounce_secret: Some(Secret::new(BOUNCE_SECRET.to_owned())),
            },
            live: Live::default(),
            outbox_bell: Arc::new(Notify::new()),
        });
        serve(app.clone(), listener);
        let (riverbend, twinoaks) = if is_second {
            (
                existing_house(&app, "riverbend", "example.org").await,
                existing_house(&app, "twinoaks", "example.net").await,
            )
        } else {
            (
                new_house(&app, "riverbend", "Riverbend Counseling", "example.org").await,
                new_house(&app, "twinoaks", "Twin Oaks Counseling", "example.net").await,
            )
        };
        Self { app, clock, engine: plan.engine, database, address, riverbend, twinoaks, charts_made: 0 }
    }

    /// A second process's view of the same database: its own pool, its own socket, the same clock.
    pub async fn neighbour(&self) -> World {
        let mut plan = Plan::new(self.engine);
        plan.database = Some(self.database.clone());
        plan.clock = self.clock.clone();
        World::planned(plan).await
    }

    /// Now.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// A browser that nobody has used.
    pub fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    /// A browser in which Riverbend's member of this role is signed in.
    pub async fn staff(&self, role: Role) -> Browser {
        self.staff_of(&self.riverbend, role).await
    }

    /// A browser in which this member is signed in.
    pub async fn staff_of(&self, house: &House, role: Role) -> Browser {
        let subject = house.member(role).staff_id.to_string();
        self.signed_in(&house.scope, Audience::Staff, subject).await
    }

    /// A browser with a session of this subject, opened as a sign-in opens it.
    pub async fn signed_in(&self, scope: &PracticeScope, audience: Audience, subject: String) -> Browser {
        let token = self
            .app
            .db
            .write(scope, move |c| session::open(c, audience, &subject, "127.0.0.1", "a test"))
            .await
            .expect("open a session");
        let cookie = session::cookie(&self.app.settings, audience, scope.id(), &token);
        let mut browser = self.browser();
        browser.take_cookie(cookie.to_str().expect("a cookie in ASCII"));
        browser
    }

    /// A chart at Riverbend: born April 12, 1990, `first.last@example.com` on the face sheet.
    pub async fn chart(&mut self, first: &str, last: &str) -> Client {
        let email = format!("{}.{}@example.com", plain(first), plain(last));
        self.chart_with(first, last, "1990-04-12", &email).await
    }

    /// A chart at Riverbend; an empty `born` or `email` for none.
    pub async fn chart_with(&mut self, first: &str, last: &str, born: &str, email: &str) -> Client {
        let scope = self.riverbend.scope.clone();
        self.chart_at(&scope, first, last, born, email).await
    }

    /// A chart at any practice.
    pub async fn chart_at(
        &mut self,
        scope: &PracticeScope,
        first: &str,
        last: &str,
        born: &str,
        email: &str,
    ) -> Client {
        self.charts_made += 1;
        let number = format!("T{:05}", self.charts_made);
        let texts = [first, last, born, email].map(str::to_owned);
        self.app.db.write(scope, move |c| insert_chart(c, &number, &texts)).await.expect("make a chart")
    }

    /// Riverbend's front desk invites the client.
    pub async fn invite(&self, client: &Client) -> Sent {
        let order = InviteOrder { chart: client.chart_id.clone(), address: None, confirmed: Vec::new() };
        actions::invite(&self.app, &self.riverbend.scope, self.riverbend.by(Role::FrontDesk), order)
            .await
            .expect("no fault")
            .expect("no refusal")
    }

    /// Runs one unit on the database, outside every practice.
    pub async fn look<T: Send + 'static>(
        &self,
        unit: impl FnOnce(&mut anteroom::platform::db::Conn) -> QueryResult<T> + Send + 'static,
    ) -> T {
        self.app.db.system_read(move |system| Ok(unit(system.conn)?)).await.expect("look into the database")
    }

    /// Changes the database behind the application's back.
    pub async fn tamper(
        &self,
        mut unit: impl FnMut(&mut anteroom::platform::db::Conn) -> QueryResult<usize> + Send + 'static,
    ) -> usize {
        self.app.db.system_write(move |system| Ok(unit(system.conn)?)).await.expect("change the database")
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

fn serve(app: AppState, listener: tokio::net::TcpListener) {
    let router = app::router(app).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        let _ = axum::serve(listener, router).await;
    });
}

async fn new_house(app: &AppState, slug: &str, name: &str, domain: &str) -> House {
    let new = NewPractice {
        slug: slug.into(),
        name: name.into(),
        time_zone: "America/New_York".into(),
        language: Language::English,
        email: format!("desk@{slug}.{domain}"),
        phone: "555-0100".into(),
    };
    let hash = app
        .hashing
        .hash(&Secret::new(PASSWORD.to_owned()), app.chance.as_ref())
        .await
        .expect("hash the staff's password");
    let (practice, staff) = app
        .db
        .system_write(move |system| {
            let id = practice::create(system, &new)?;
            let scope = PracticeScope::opened_by(Door::Operator, id);
            let mut c = system.within(&scope);
            let staff = insert_staff(&mut c, &new.slug, &hash)?;
            Ok((practice::load(&mut c)?, staff))
        })
        .await
        .expect("make a practice");
    let scope = practice.scope(Door::Operator);
    House { practice, scope, staff }
}

async fn existing_house(app: &AppState, slug: &'static str, _domain: &str) -> House {
    let (practice, staff) = app
        .db
        .system_read(move |system| {
            let practice = practice::find_by_slug(system, slug)?.expect("the practice is there");
            let rows: Vec<(StaffId, String, String, Role)> = staff_member::table
                .filter(staff_member::practice_id.eq(practice.practice_id.clone()))
                .select((staff_member::staff_id, staff_member::name, staff_member::email, staff_member::role))
                .load(system.conn)?;
            let staff = rows
                .into_iter()
                .map(|(staff_id, name, email, role)| Member { staff_id, name, email, role })
                .collect();
            Ok((practice, staff))
        })
        .await
        .expect("find the practice");
    let scope = practice.scope(Door::Operator);
    House { practice, scope, staff }
}

const STAFF: [(Role, &str, &str); 4] = [
    (Role::Administrator, "Robin Hale", "robin"),
    (Role::Clinician, "Casey Moreno", "casey"),
    (Role::FrontDesk, "Dana Whitfield", "dana"),
    (Role::Biller, "Jo Lindqvist", "jo"),
];

fn insert_staff(
    c: &mut Scoped<'_>,
    slug: &str,
    hash: &str,
) -> Result<Vec<Member>, anteroom::platform::fault::Fault> {
    let mut made = Vec::new();
    for (role, name, local) in STAFF {
        let member = Member {
            staff_id: StaffId::fresh(c.chance(), c.now()),
            name: name.into(),
            email: format!("{local}@{slug}.example.org"),
            role,
        };
        diesel::insert_into(staff_member::table)
            .values((
                staff_member::practice_id.eq(c.practice().clone()),
                staff_member::staff_id.eq(member.staff_id.clone()),
                staff_member::email.eq(&member.email),
                staff_member::email_key.eq(member.email.to_lowercase()),
                staff_member::name.eq(&member.name),
                staff_member::role.eq(role),
                staff_member::state.eq("active"),
                staff_member::password_hash.eq(Some(hash)),
                staff_member::failed_sign_ins.eq(0),
                staff_member::version.eq(1i64),
                staff_member::created_at.eq(c.now()),
            ))
            .execute(c.conn)?;
        made.push(member);
    }
    Ok(made)
}

fn insert_chart(
    c: &mut Scoped<'_>,
    number: &str,
    [first, last, born, email]: &[String; 4],
) -> Result<Client, anteroom::platform::fault::Fault> {
    let (now, practice) = (c.now(), c.practice().clone());
    let person_id = PersonId::fresh(c.chance(), now);
    let chart_id = ChartId::fresh(c.chance(), now);
    let birth_date =
        (!born.is_empty()).then(|| BirthDate::from_iso(born, jiff::civil::date(2100, 1, 1)).expect("a date"));
    diesel::insert_into(person::table)
        .values((
            person::practice_id.eq(practice.clone()),
            person::person_id.eq(person_id.clone()),
            person::first_name.eq(first),
            person::middle_name.eq(""),
            person::last_name.eq(last),
            person::suffix.eq(""),
            person::former_last_names.eq(""),
            person::preferred_name.eq(""),
            person::pronouns.eq(""),
            person::birth_date.eq(birth_date),
            person::language.eq(""),
            person::time_zone.eq(""),
            person::version.eq(1i64),
            person::created_at.eq(now),
            person::updated_at.eq(now),
        ))
        .execute(c.conn)?;
    if !email.is_empty() {
        let address = EmailAddress::parse(email).expect("an address");
        diesel::insert_into(person_address::table)
            .values((
                person_address::practice_id.eq(practice.clone()),
                person_address::address_id.eq(AddressId::fresh(c.chance(), now)),
                person_address::person_id.eq(person_id.clone()),
                person_address::kind.eq("email"),
                person_address::label.eq("home"),
                person_address::value.eq(address.as_str()),
                person_address::value_key.eq(address.key()),
                person_address::may_mail.eq(true),
                person_address::position.eq(0),
            ))
            .execute(c.conn)?;
    }
    diesel::insert_into(chart::table)
        .values((
            chart::practice_id.eq(practice),
            chart::chart_id.eq(chart_id.clone()),
            chart::chart_number.eq(number),
            chart::person_id.eq(person_id.clone()),
            chart::owner_person_id.eq(person_id.clone()),
            chart::state.eq("open"),
            chart::sort_key.eq(format!("{last} {first}").to_lowercase()),
            chart::search_text.eq(format!("{first} {last} {number} {email}").to_lowercase()),
            chart::version.eq(1i64),
            chart::created_at.eq(now),
            chart::updated_at.eq(now),
        ))
        .execute(c.conn)?;
    let (first_name, last_name, born, email) = (first.clone(), last.clone(), born.clone(), email.clone());
    Ok(Client { chart_id, person_id, first_name, last_name, born, email })
}
