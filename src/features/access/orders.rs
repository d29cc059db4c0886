//! What a noted court order asks of those who are let in, beside what it withholds: that both parents sign, and that one
//! holder is with the client under supervision alone. Whoever asks learns yes or no, and no word of a note.

use std::collections::BTreeSet;

use crate::features::access::chart_batch::ChartBatch;
use crate::features::access::facts_of;
use crate::features::access::kinds::{Basis, NoteEffect};
use crate::features::access::lifecycle::State;
use crate::features::access::note_store::{self, NoteRow};
use crate::features::access::permission::is_minor;
use crate::features::access::store::{AccessRow, GrantRole};
use crate::kernel::ids::{AccessId, ChartId, PersonId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;

/// Does a signature of these people lack that of a parent? Where both must sign, whoever asks one asks every parent who
/// has access, and of one parent alone no signature counts. Those who are no parents sign by themselves.
fn lacks_a_parent(parents: &[AccessId], asked: &[AccessId]) -> bool {
    let is_asked = |parent: &AccessId| asked.contains(parent);
    parents.iter().any(is_asked) && (parents.len() < 2 || !parents.iter().all(is_asked))
}

/// Whose signature a court counts as a parent's.
fn is_parent(row: &AccessRow) -> bool {
    matches!(row.basis, Basis::Parent | Basis::CoParentOrder)
        && row.role != GrantRole::FormerOwner
        && row.state != State::Revoked
}

/// The notes with an effect that hold today, and the grants of the chart; none where nothing follows from any.
fn in_force(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Option<(Vec<NoteRow>, ChartBatch)>, Fault> {
    let notes = note_store::with_effect(c, chart)?;
    if notes.is_empty() {
        return Ok(None);
    }
    let batch = ChartBatch::load(c, std::slice::from_ref(chart))?;
    let today = batch.practice.today(c.now());
    let notes: Vec<NoteRow> = notes.into_iter().filter(|note| note.holds_on(today)).collect();
    Ok((!notes.is_empty()).then_some((notes, batch)))
}

/// Would these people's signatures be one parent's alone, where both must sign? Nobody must once the client is an adult.
pub fn is_one_parent_alone(c: &mut Scoped<'_>, chart: &ChartId, asked: &[AccessId]) -> Result<bool, Fault> {
    let Some((notes, batch)) = in_force(c, chart)? else { return Ok(false) };
    if notes.iter().all(|note| note.effect != NoteEffect::BothSign) {
        return Ok(false);
    }
    let parents: Vec<AccessId> =
        batch.grants_of(chart).filter(|row| is_parent(row)).map(|row| row.access_id).collect();
    if !lacks_a_parent(&parents, asked) {
        return Ok(false);
    }
    let Some(first) = parents.first() else { return Ok(false) };
    Ok(facts_of(c, first)?.is_some_and(|facts| is_minor(&facts)))
}

/// Would these people be in one conversation, of whom one may be with the client under supervision alone? A note about
/// the whole chart is about everybody but the client.
pub fn needs_supervision(c: &mut Scoped<'_>, chart: &ChartId, people: &[PersonId]) -> Result<bool, Fault> {
    let Some((notes, batch)) = in_force(c, chart)? else { return Ok(false) };
    let Some(file) = batch.chart(chart) else { return Ok(false) };
    if !people.contains(&file.person_id) {
        return Ok(false);
    }
    let supervised: BTreeSet<PersonId> = notes
        .iter()
        .filter(|note| note.effect == NoteEffect::Supervised)
        .flat_map(|note| {
            batch.grants_of(chart).filter(|row| note.access_id.is_none_or(|about| about == row.access_id))
        })
        .map(|row| row.person_id)
        .filter(|person| *person != file.person_id)
        .collect();
    Ok(people.iter().any(|person| supervised.contains(person)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_both_must_sign_one_parent_alone_is_not_asked() {
        let grant = |number| AccessId::from_uuid(uuid::Uuid::from_u128(number));
        let (mother, father, guardian) = (grant(1), grant(2), grant(3));
        for (parents, asked, lacks) in [
            (vec![mother, father], vec![mother, father], false),
            (vec![mother, father], vec![mother, father, guardian], false),
            (vec![mother, father], vec![mother], true),
            (vec![mother, father], vec![father, guardian], true),
            (vec![mother, father], vec![guardian], false),
            (vec![mother, father], vec![], false),
            (vec![mother], vec![mother], true),
            (vec![mother], vec![guardian], false),
            (vec![], vec![guardian], false),
        ] {
            assert_eq!(lacks_a_parent(&parents, &asked), lacks, "{parents:?} {asked:?}");
        }
    }
}
