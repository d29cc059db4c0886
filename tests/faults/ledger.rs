//! The test's own record of what was acknowledged, and its comparison with the database.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use anteroom::kernel::ids::{AccessId, AccountId, ChartId, InvitationId};
use anteroom::kernel::secrets::Token;
use anteroom::platform::audit::{self, ChainCheck};
use anteroom::platform::db::schema::{audit_event, invitation, outbox, portal_access, portal_account};
use diesel::prelude::*;

use crate::support::World;

/// What one chart's clerk saw.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// Sendings (invite or resend) that were acknowledged.
    pub sent: i64,
    /// Sendings of which nobody knows whether they were done.
    pub sent_perhaps: i64,
    /// Was a registration acknowledged?
    pub registered: bool,
    /// Was one cut?
    pub registered_perhaps: bool,
}

/// All charts' entries.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<BTreeMap<String, Entry>>>);

impl Ledger {
    /// Notes something about a chart.
    pub fn note(&self, chart: &ChartId, change: impl FnOnce(&mut Entry)) {
        let mut book = self.0.lock().expect("the ledger");
        change(book.entry(chart.to_string()).or_default());
    }

    /// What was seen of it all, for the report: acknowledged sendings, cut ones, registrations.
    pub fn totals(&self) -> (i64, i64, usize, usize) {
        let book = self.0.lock().expect("the ledger");
        (
            book.values().map(|e| e.sent).sum(),
            book.values().map(|e| e.sent_perhaps).sum(),
            book.values().filter(|e| e.registered).count(),
            book.values().filter(|e| e.registered_perhaps).count(),
        )
    }

    /// Compares the book with the database and with the mails that arrived; every line is a broken
    /// promise.
    pub async fn compare(&self, w: &World) -> Vec<String> {
        let book = self.0.lock().expect("the ledger").clone();
        let mut wrong = Vec::new();
        let scope = w.riverbend.scope.clone();
        let chain = w.app.db.read(&scope, audit::check_chain).await.expect("no fault");
        if !matches!(chain, ChainCheck::Whole(_)) {
            wrong.push(format!("the audit chain is {chain:?}"));
        }

        let grants: Vec<(ChartId, AccessId, String, i32, Option<AccountId>)> = w
            .look(|c| {
                portal_access::table
                    .select((
                        portal_access::chart_id,
                        portal_access::access_id,
                        portal_access::state,
                        portal_access::generation,
                        portal_access::account_id,
                    ))
                    .load(c)
            })
            .await;
        let invitations: Vec<(AccessId, InvitationId, i32, String, String)> = w
            .look(|c| {
                invitation::table
                    .select((
                        invitation::access_id,
                        invitation::invitation_id,
                        invitation::generation,
                        invitation::state,
                        invitation::token_hash,
                    ))
                    .load(c)
            })
            .await;
        let mails: Vec<(Option<InvitationId>, String, String, String, String)> = w
            .look(|c| {
                outbox::table
                    .select((
                        outbox::subject_id,
                        outbox::kind,
                        outbox::state,
                        outbox::message_id,
                        outbox::recipient,
                    ))
                    .load(c)
            })
            .await;
        let events: Vec<(Option<AccessId>, String)> = w
            .look(|c| audit_event::table.select((audit_event::access_id, audit_event::action)).load(c))
            .await;
        let accounts: Vec<AccountId> =
            w.look(|c| portal_account::table.select(portal_account::account_id).load(c)).await;

        let none = Entry::default();
        for (chart, access, state, generation, account) in &grants {
            let entry = book.get(&chart.to_string()).unwrap_or(&none);
            let generations: Vec<_> = invitations.iter().filter(|i| &i.0 == access).collect();
            let made = generations.len() as i64;
            if made < entry.sent || made > entry.sent + entry.sent_perhaps {
                wrong.push(format!(
                    "{chart}: {made} invitations, but {} acknowledged and {} cut",
                    entry.sent, entry.sent_perhaps
                ));
            }
            if i64::from(*generation) != made {
                wrong.push(format!("{chart}: generation {generation}, but {made} invitations"));
            }
            let live = generations.iter().filter(|i| i.3 == "live").count();
            let wanted = usize::from(state == "invited");
            if live != wanted {
                wrong.push(format!("{chart}: {state} with {live} live links"));
            }
            let told = events
                .iter()
                .filter(|(of, action)| {
                    of.as_ref() == Some(access)
                        && matches!(action.as_str(), "access.invited" | "access.resent")
                })
                .count() as i64;
            if told != made {
                wrong.push(format!("{chart}: {made} invitations, but {told} audit events of sending"));
            }
            let registered = state == "active";
            if registered != account.is_some() {
                wrong.push(format!("{chart}: {state}, account {account:?}"));
            }
            if entry.registered && !registered {
                wrong.push(format!("{chart}: an acknowledged registration is lost"));
            }
            if registered && !entry.registered && !entry.registered_perhaps {
                wrong.push(format!("{chart}: registered, but nobody asked for it"));
            }
            let told = events
                .iter()
                .filter(|(of, a)| of.as_ref() == Some(access) && a == "access.registered")
                .count();
            if told != usize::from(registered) {
                wrong.push(format!("{chart}: {state} with {told} audit events of registering"));
            }
        }
        let known: BTreeSet<String> = grants.iter().map(|g| g.0.to_string()).collect();
        for (chart, entry) in &book {
            if entry.sent > 0 && !known.contains(chart) {
                wrong.push(format!("{chart}: an acknowledged invitation is lost"));
            }
        }
        let held = grants.iter().filter(|g| g.4.is_some()).count();
        if accounts.len() != held {
            wrong.push(format!("{} accounts for {held} registered charts", accounts.len()));
        }

        // No invitation without its mail, and every mail came to its end.
        for (access, id, generation, state, _) in &invitations {
            let its: Vec<_> =
                mails.iter().filter(|m| m.0.as_ref() == Some(id) && m.1 == "access.invitation").collect();
            if its.len() != 1 {
                wrong.push(format!("{access} generation {generation} ({state}) has {} mails", its.len()));
            }
        }
        let unfinished = mails.iter().filter(|m| !matches!(m.2.as_str(), "sent" | "cancelled")).count();
        if unfinished > 0 {
            wrong.push(format!("{unfinished} mails are neither sent nor cancelled"));
        }

        // What arrived: every sent mail at least once, copies only under one name and with one text.
        let mut arrived: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for mail in w.mailbox.mails() {
            let name = mail.header("message-id").unwrap_or_default().trim_matches(['<', '>']).to_owned();
            let token = mail.link().and_then(|link| link.rsplit('/').next()).and_then(Token::read);
            let what = token.map(|t| t.hash()).unwrap_or_default();
            arrived.entry(name).or_default().push((mail.to.join(","), what));
        }
        let ours: BTreeMap<&str, _> = mails.iter().map(|m| (m.3.trim_matches(['<', '>']), m)).collect();
        for (name, mail) in &ours {
            if mail.2 == "sent" && !arrived.contains_key(*name) {
                wrong.push(format!("{name} counts as sent and never arrived"));
            }
        }
        let hashes: BTreeSet<&String> = invitations.iter().map(|i| &i.4).collect();
        for (name, copies) in &arrived {
            if !ours.contains_key(name.as_str()) {
                wrong.push(format!("{name} arrived, but the outbox does not know it"));
            }
            if copies.iter().any(|copy| copy != &copies[0]) {
                wrong.push(format!("{name} arrived with two different texts"));
            }
            let link = &copies[0].1;
            if !link.is_empty() && !hashes.contains(link) {
                wrong.push(format!("{name} carries a link that no invitation knows"));
            }
        }
        wrong
    }
}
