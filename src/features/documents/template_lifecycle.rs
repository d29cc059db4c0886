//! The life of a template: the one pure function that decides which version is written, which one is used, and whether
//! it is used at all.

/// Where a template stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The number of the newest version.
    pub newest: i32,
    /// The number of the version that is used; none before the first is published.
    pub published: Option<i32>,
    /// Nobody uses it any more.
    pub is_retired: bool,
}

/// What is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Staff save what they typed.
    Save,
    /// Staff save it, and it is used from now on.
    Publish,
    /// Nobody is to use it any more.
    Retire,
    /// It is to be used again.
    Restore,
    /// A document is made of it.
    Use,
}

/// Why it does not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is retired.
    Retired,
    /// It is in use already.
    InUse,
    /// No version of it is published.
    NotPublished,
}

impl Standing {
    /// Is the newest version a draft?
    pub fn has_draft(self) -> bool {
        self.published != Some(self.newest)
    }

    /// What becomes of a published version: nothing. What is typed after it is another version.
    fn saved(self) -> Self {
        let newest = if self.has_draft() { self.newest } else { self.newest + 1 };
        Self { newest, ..self }
    }
}

/// Decides.
pub fn decide(now: Standing, event: Event) -> Result<Standing, Refusal> {
    match (event, now.is_retired) {
        (Event::Save | Event::Publish | Event::Retire | Event::Use, true) => Err(Refusal::Retired),
        (Event::Restore, false) => Err(Refusal::InUse),
        (Event::Save, false) => Ok(now.saved()),
        (Event::Publish, false) => {
            let saved = now.saved();
            Ok(Standing { published: Some(saved.newest), ..saved })
        }
        (Event::Retire, false) => Ok(Standing { is_retired: true, ..now }),
        (Event::Restore, true) => Ok(Standing { is_retired: false, ..now }),
        (Event::Use, false) if now.published.is_none() => Err(Refusal::NotPublished),
        (Event::Use, false) => Ok(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_the_table() {
        let at = |newest, published, is_retired| Standing { newest, published, is_retired };
        let draft = at(1, None, false);
        let active = at(2, Some(2), false);
        let changed = at(3, Some(2), false);
        let retired = at(3, Some(2), true);
        let table = [
            (Event::Save, [Ok(draft), Ok(at(3, Some(2), false)), Ok(changed), Err(Refusal::Retired)]),
            (
                Event::Publish,
                [
                    Ok(at(1, Some(1), false)),
                    Ok(at(3, Some(3), false)),
                    Ok(at(3, Some(3), false)),
                    Err(Refusal::Retired),
                ],
            ),
            (
                Event::Retire,
                [Ok(at(1, None, true)), Ok(at(2, Some(2), true)), Ok(retired), Err(Refusal::Retired)],
            ),
            (Event::Restore, [Err(Refusal::InUse), Err(Refusal::InUse), Err(Refusal::InUse), Ok(changed)]),
            (Event::Use, [Err(Refusal::NotPublished), Ok(active), Ok(changed), Err(Refusal::Retired)]),
        ];
        for (event, cells) in table {
            for (now, wanted) in [draft, active, changed, retired].into_iter().zip(cells) {
                assert_eq!(decide(now, event), wanted, "{event:?} of {now:?}");
            }
        }
    }
}
