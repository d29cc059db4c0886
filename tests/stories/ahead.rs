//! What people are told before a grant opens less by itself. The numbers are those of the acceptance cases of rights.

use anteroom::platform::db::schema::{access_notice, due_job};
use anteroom::platform::jobs::JobKind;
use anteroom::platform::permissions::{Level, Right, Role, Scope};
use diesel::prelude::*;

use crate::portal_people::sign_in;
use crate::rights::{level, mother_of};
use crate::stories;
use crate::support::World;

const DAY: u32 = 24 * 3_600;

/// The day and the stage that were told of a grant, and whether its holder was mailed.
async fn told(w: &World) -> Vec<(String, i32, bool)> {
    w.run_due_jobs().await;
    w.look(|c| {
        let rows: Vec<(String, i32, Option<i64>)> = access_notice::table
            .select((access_notice::on_day, access_notice::days, access_notice::mailed_at))
            .load(c)?;
        Ok(rows.into_iter().map(|(day, days, mailed)| (day, days, mailed.is_some())).collect())
    })
    .await
}

fn one(day: &str, days: i32, is_mailed: bool) -> Vec<(String, i32, bool)> {
    vec![(day.to_owned(), days, is_mailed)]
}

async fn days_pass(w: &World, days: u32) {
    for _ in 0..days {
        w.clock.advance_seconds(DAY);
    }
}

/// Has the grants of a chart looked at, as a saved face sheet does.
async fn look_again(w: &World, chart: anteroom::kernel::ids::ChartId) {
    w.app
        .db
        .write(&w.riverbend.scope, move |c| anteroom::features::access::actions::look_ahead_again(c, &chart))
        .await
        .expect("no fault");
}

stories! {
    // It is 10 AM of December 1, 2026, in New York.
    async fn case_23_a_birthday_is_told_90_30_and_7_days_before_once_each_and_by_one_mail(w: &mut World) {
        // 18 on March 11, 2027: in 100 days.
        let leo = w.chart_with("Leo", "Park", "2009-03-11", "").await;
        let (name, access) = mother_of(w, &leo).await;
        look_again(w, leo.chart_id).await;
        let list = "/staff/worklist?kind=ahead";
        assert_eq!(told(w).await, []);
        w.staff(Role::FrontDesk).await.get(list).await.must_say("Nobody will see less in the next 90 days.");
        sign_in(w, &name).await.get("/portal").await.must_not_say("you see less here");
        days_pass(w, 10).await;
        assert_eq!(told(w).await, one("2027-03-11", 90, false));
        let page = w.staff(Role::FrontDesk).await.get(list).await;
        page.must_say("Leo Park").must_say("access of Joan Park").must_say("Ends or gets smaller by itself on March 11, 2027");
        sign_in(w, &name).await.get("/portal").await.must_say("On March 11, 2027 your access to this chart ends: from then on Leo is an adult.");
        days_pass(w, 59).await;
        assert_eq!(told(w).await, one("2027-03-11", 90, false), "31 days before");
        days_pass(w, 1).await;
        assert_eq!(told(w).await, one("2027-03-11", 30, true));
        let mail = w.mail_to(&name).await;
        assert!(mail.subject.contains("what you can see in the portal changes soon"), "{}", mail.subject);
        for word in ["2027", "March", "18", "Leo", "Park"] {
            assert!(!mail.text.contains(word) && !mail.subject.contains(word), "{word} in {}", mail.text);
        }
        days_pass(w, 23).await;
        // Another process, as after a restart: the jobs run again and tell nothing twice.
        let other = w.neighbour().await;
        assert_eq!(told(&other).await, one("2027-03-11", 7, true));
        assert_eq!(told(w).await, one("2027-03-11", 7, true));
        w.mail_has_settled().await;
        assert_eq!(w.unread_to(&name).await, 0);
        assert_eq!(level(w, access, Right::Documents).await, Level::Act);
        days_pass(w, 7).await;
        assert_eq!(level(w, access, Right::Documents).await, Level::None, "by the date, before any job has run");
        assert_eq!(told(w).await, []);
        let jobs: i64 = w.look(|c| due_job::table.filter(due_job::kind.eq(JobKind::AccessAhead)).count().get_result(c)).await;
        assert_eq!(jobs, 0, "nothing is left to tell");
    }

    async fn case_23_a_corrected_birth_date_is_told_anew_and_what_is_no_longer_true_is_not_mailed(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2009-03-01", "").await;
        let (name, access) = mother_of(w, &leo).await;
        look_again(w, leo.chart_id).await;
        assert_eq!(told(w).await, one("2027-03-01", 90, false));
        let face_sheet = format!("/staff/charts/{}/edit", leo.chart_id);
        let mut desk = w.staff(Role::Administrator).await;
        let form = desk.get(&face_sheet).await;
        let corrected = [("birth_month", "1"), ("birth_day", "10"), ("birth_reason", "Seen on the birth certificate.")];
        desk.submit_and_follow(&form, &face_sheet, &corrected).await;
        assert_eq!(told(w).await, one("2027-01-10", 90, false), "another day, from the beginning");
        days_pass(w, 11).await;
        assert_eq!(told(w).await, one("2027-01-10", 30, true));
        w.mail_to(&name).await;
        // The API says it too.
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        api.get(&format!("/api/v1/grants/{access}")).await.must_say("\"narrows_on\":\"2027-01-10\"").must_say("\"narrows_to\":[]");
    }

    async fn case_23_a_last_day_and_an_age_rule_are_told_like_a_birthday(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2014-12-20", "").await;
        let (_, access) = mother_of(w, &leo).await;
        let mut admin = w.staff(Role::Administrator).await;
        let form = admin.get("/staff/practice/age-rules/new").await;
        let rule = [
            ("from_age", "12"), ("basis", "parent"), ("documents", "none"),
            ("effective_from", "2026-12-02"), ("source", "Counsel"), ("confirmed", "yes"),
        ];
        admin.submit_and_follow(&form, "/staff/practice/age-rules/new", &rule).await;
        look_again(w, leo.chart_id).await;
        assert_eq!(told(w).await, one("2026-12-20", 30, true));
        let page = format!("/staff/charts/{}/grants/{access}", leo.chart_id);
        let form = admin.get(&page).await;
        form.must_say("From December 20, 2026 on, this person can see less. Open after that: Appointments, Bills, Messages");
        admin.submit_and_follow(&form, &page, &[("ends_on", "2026-12-05"), ("reason", "As the order says.")]).await;
        assert_eq!(told(w).await, one("2026-12-06", 7, true));
    }
}
