//! What a few clients changed of their information: something that waits, something to be seen, something decided.

use std::collections::BTreeMap;

use axum::body::Bytes;

use crate::demo::seed::people::{ANA, MARIA};
use crate::demo::seed::story::Chart;
use crate::features::access::overviews_of_chart;
use crate::features::information::actions::{self, ClientParty, Decision, Decisions, Submission};
use crate::features::information::{Beside, on_file, waiting_changes};
use crate::features::people::{Part, TypedAddress, TypedPerson, load_file};
use crate::platform::audit::{Actor, By};
use crate::platform::db::PracticeScope;
use crate::platform::fault::Fault;
use crate::platform::state::AppState;
use crate::platform::web::form_token::FormToken;

/// Who changes and decides.
pub struct Changes<'a> {
    /// The program.
    pub app: &'a AppState,
    /// The practice.
    pub scope: &'a PracticeScope,
    /// The front desk.
    pub desk: By,
}

impl Changes<'_> {
    /// Sends them as the clients do.
    pub async fn send(&self, charts: &[Chart]) -> Result<(), Fault> {
        self.submit(charts, ANA, Part::Name, |on_file| TypedPerson {
            middle_name: "Isabel".into(),
            ..on_file
        })
        .await?;
        self.leave_what_waits("We need a paper with this name. Please bring one to your next visit.").await?;
        let phone = TypedAddress { value: "(212) 555-0168".into(), label: "mobile".into(), may_mail: true };
        self.submit(charts, MARIA, Part::Phones, |on_file| TypedPerson {
            phones: vec![phone.clone()],
            ..on_file
        })
        .await?;
        self.submit(charts, MARIA, Part::Name, |on_file| TypedPerson {
            last_name: "Núñez Ortega".into(),
            ..on_file
        })
        .await
    }

    async fn submit(
        &self,
        charts: &[Chart],
        client: &str,
        part: Part,
        change: impl FnOnce(TypedPerson) -> TypedPerson,
    ) -> Result<(), Fault> {
        let is_theirs =
            |chart: &&Chart| chart.made.sheet.client.emails.iter().any(|address| address.value == client);
        let Some(chart) = charts.iter().find(is_theirs) else { return Ok(()) };
        let (id, Some(account)) = (chart.id, chart.account) else { return Ok(()) };
        let read = move |c: &mut crate::platform::db::Scoped<'_>| {
            let grants = overviews_of_chart(c, &id)?;
            let grant = grants.into_iter().find(|grant| grant.account_id == Some(account));
            Ok((load_file(c, &id)?, grant.and_then(|grant| grant.access_id)))
        };
        let (Some(file), Some(access)) = self.app.db.read(self.scope, read).await? else { return Ok(()) };
        let seen: BTreeMap<String, String> = part
            .names()
            .map(|field| (field.to_owned(), on_file(&file, &Beside::default(), &account, field)))
            .collect();
        let sent = FormToken::fresh(self.app.rng.as_ref());
        let mark = FormToken::read("information", &access.to_string(), &sent, &Bytes::new())
            .map_err(|_| Fault::other("seeding: a form without a mark"))?;
        let typed = change(TypedPerson::of(&file.client, &file.addresses));
        let who = ClientParty {
            by: By { actor: Actor::Account(account), source: "198.51.100.7".into() },
            access,
            account,
            chart: id,
        };
        let submission = Submission { part, typed, seen, mark };
        actions::submit_as(self.app, self.scope, who, submission)
            .await?
            .map_err(|why| Fault::other(format!("seeding a change of information: {why:?}")))?;
        Ok(())
    }

    async fn leave_what_waits(&self, reason: &str) -> Result<(), Fault> {
        let waiting = self.app.db.read(self.scope, |c| waiting_changes(c, None, 10)).await?;
        for (change, fields) in waiting {
            let fields = fields
                .into_iter()
                .map(|row| (row.change_id, row.path, Decision::Leave { reason: reason.to_owned() }))
                .collect();
            let decisions = Decisions { fields, ..Decisions::default() };
            actions::decide(self.app, self.scope, self.desk.clone(), change.chart_id, decisions)
                .await?
                .map_err(|why| Fault::other(format!("seeding a decision: {why:?}")))?;
        }
        Ok(())
    }
}
