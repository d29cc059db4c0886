//! What waits for somebody in each of several charts: what home lists under "Waiting for you" there, as a number. Each feature is
//! asked once for all charts of a practice.

use crate::features::access::permission::{Facts, Item, decide};
use crate::features::accounts::HeldGrant;
use crate::features::appointments;
use crate::features::documents::packets::order::waiting_on_home;
use crate::features::documents::{self, signing};
use crate::features::messages::{self, PartyReader};
use crate::kernel::ids::AccountId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Level, Right};
use crate::platform::web::nav::MOST_COUNTED;

fn sees(facts: &Facts, right: Right, item: Option<&Item>) -> bool {
    decide(facts, right, item).level >= Level::View
}

/// Counts what waits in each of these charts of one practice.
pub(super) fn waiting_in(
    c: &mut Scoped<'_>,
    account: &AccountId,
    grants: &[&HeldGrant],
) -> Result<Vec<i64>, Fault> {
    let with = |right: Right, level: Level| {
        let open = grants.iter().filter(move |grant| decide(&grant.facts, right, None).level >= level);
        open.copied().collect::<Vec<_>>()
    };
    let (read, written, booking) = (
        with(Right::Documents, Level::View),
        with(Right::Messages, Level::View),
        with(Right::Appointments, Level::Act),
    );
    let papers: Vec<_> = read.iter().map(|grant| grant.access_id).collect();
    let (to_sign, unread) = match papers.as_slice() {
        [] => (Vec::new(), Vec::new()),
        papers => (signing::store::to_sign_of(c, papers)?, documents::unread_of(c, papers)?),
    };
    let parties: Vec<_> = written
        .iter()
        .map(|grant| PartyReader::by(&grant.facts, grant.archive, (grant.chart_id, grant.holder.person_id)))
        .collect();
    let threads = if parties.is_empty() { Vec::new() } else { messages::unread_of(c, &parties)? };
    let charts: Vec<_> = booking.iter().map(|grant| grant.chart_id).collect();
    let offers = if charts.is_empty() { Vec::new() } else { appointments::offers_in(c, &charts)? };
    let count = |grant: &HeldGrant| {
        let facts = &grant.facts;
        let mut papers: Vec<_> = to_sign
            .iter()
            .filter(|(access, line)| {
                *access == grant.access_id && sees(facts, Right::Documents, Some(&line.item()))
            })
            .map(|(_, line)| line.document_id)
            .chain(
                unread
                    .iter()
                    .filter(|(access, line)| {
                        *access == grant.access_id && sees(facts, Right::Documents, Some(&line.item()))
                    })
                    .map(|(_, line)| line.document_id),
            )
            .collect();
        let waiting = waiting_on_home(
            facts,
            to_sign.iter().filter(|(access, _)| *access == grant.access_id).map(|(_, line)| line),
            unread.iter().filter(|(access, _)| *access == grant.access_id).map(|(_, line)| line),
        );
        papers.retain(|id| !waiting.contains(id));
        // What is to be signed and was not read yet is one thing.
        papers.sort_unstable();
        papers.dedup();
        let threads = threads.iter().filter(|(person, thread)| {
            (*person, thread.chart) == (grant.holder.person_id, grant.chart_id)
                && sees(facts, Right::Messages, Some(&thread.item()))
        });
        // Somebody else's offers are theirs to answer, unless it is the client who reads.
        let offers = offers.iter().filter(|(chart, asker)| {
            *chart == grant.chart_id
                && decide(facts, Right::Appointments, None).level == Level::Act
                && (grant.is_own() || asker == account)
        });
        i64::try_from(papers.len() + threads.count() + offers.count()).unwrap_or(i64::MAX)
    };
    Ok(grants.iter().map(|grant| count(grant)).collect())
}

/// The number in words; none where nothing waits.
pub(super) fn in_words(words: Words, waiting: i64) -> Option<String> {
    match waiting {
        ..=0 => None,
        1..=MOST_COUNTED => Some(words.count("portal-elsewhere", "count", waiting)),
        _ => Some(words.with1("portal-elsewhere-more", "count", MOST_COUNTED)),
    }
}
