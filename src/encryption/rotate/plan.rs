//! Which changes a step makes, entry by entry, and which steps are refused.

use std::collections::BTreeSet;

use super::change::{Change, Item, List};
use super::error::RotateError;
use super::phase::{Phase, Reader, State};
use super::{Action, Step};
use crate::encryption::init::NewProvider;
use crate::encryption::secrecy::masked;

/// What happens to one entry.
pub(super) struct EntryPlan {
    pub(super) changes: Vec<Change>,
    pub(super) action: Action,
}

/// The entries that a step is about, and those that it passes by because nothing is to be done there.
pub(super) struct Chosen<'s> {
    pub(super) entries: Vec<&'s State>,
    pub(super) passed_by: Vec<&'s State>,
}

/// Chooses the entries of some resources, or all that the step can be about; they must be in step.
pub(super) fn choose<'s>(states: &'s [State], step: &Step, resources: &[String]) -> Result<Chosen<'s>, RotateError> {
    if let Some(resource) = resources
        .iter()
        .find(|name| !states.iter().any(|state| state.is_about(name)))
    {
        return Err(RotateError::NoResource {
            resource: resource.clone(),
            found: states.iter().map(State::title).collect::<Vec<_>>().join(", "),
        });
    }
    let named = |state: &&State| resources.is_empty() || resources.iter().any(|name| state.is_about(name));
    let (mut entries, mut passed_by): (Vec<&State>, Vec<&State>) = states
        .iter()
        .filter(named)
        .partition(|state| !resources.is_empty() || is_subject(state, step));
    // Where nothing fits, the first entry says why.
    if entries.is_empty() {
        entries = std::mem::take(&mut passed_by);
        entries.truncate(1);
    }
    if let [first, rest @ ..] = entries.as_slice()
        && rest.iter().any(|other| other.phase.name() != first.phase.name())
    {
        let phases = entries
            .iter()
            .map(|state| format!("{} {}", state.title(), state.phase.name()));
        return Err(RotateError::OutOfStep {
            phases: phases.collect::<Vec<_>>().join("; "),
        });
    }
    for state in &entries {
        check_names(state)?;
    }
    Ok(Chosen { entries, passed_by })
}

/// A stored value names its provider and key, and nothing else: two of one name cannot be exchanged safely.
fn check_names(state: &State) -> Result<(), RotateError> {
    let mut seen = BTreeSet::new();
    let mut keys = state.readers.iter().filter(|reader| !reader.is_identity());
    match keys.find(|reader| !seen.insert((reader.kind, &reader.name))) {
        Some(twice) => Err(RotateError::DuplicateName {
            resources: state.title(),
            key: twice.to_string(),
        }),
        None => Ok(()),
    }
}

/// Whether an entry takes part in a step that names no resource.
fn is_subject(state: &State, step: &Step) -> bool {
    let is_kms = state.writer().is_some_and(|writer| writer.kind == KMS);
    match step {
        Step::AddProvider { .. } => true,
        Step::Prepare { .. } => state.phase != Phase::Plain && !is_kms,
        Step::Promote { .. } | Step::Prune { .. } => {
            state.phase != Phase::Plain && !(is_kms && state.phase == Phase::Settled)
        }
        Step::Disable => state.phase != Phase::Plain,
    }
}

const KMS: &str = "kms";

/// Plans one entry; `new` is the key or provider that the step brings.
pub(super) fn plan(state: &State, step: &Step, new: Option<&NewProvider>) -> Result<EntryPlan, RotateError> {
    match (step, new) {
        (Step::Prepare { keep_old, .. }, Some(NewProvider::Key(_, key))) => {
            let writer = check_can_prepare(state, *keep_old, false)?;
            let list = List::Keys {
                entry: state.entry,
                provider: writer.provider,
                kind: writer.kind,
            };
            Ok(EntryPlan {
                changes: vec![Change::Insert {
                    list,
                    at: 1,
                    item: Item::Key(key.clone()),
                }],
                action: Action::Prepared {
                    key: format!("{}/{}", writer.kind, key.name.as_str()),
                },
            })
        }
        (Step::AddProvider { keep_old, .. }, Some(provider)) => {
            check_can_prepare(state, *keep_old, true)?;
            Ok(EntryPlan {
                changes: vec![Change::Insert {
                    list: List::Providers { entry: state.entry },
                    at: 1,
                    item: Item::Provider(provider.clone()),
                }],
                action: Action::Prepared { key: provider.title() },
            })
        }
        (Step::Promote { key }, _) => promote(state, key.as_deref()),
        (Step::Prune { key, identity }, _) => prune(state, key.as_deref(), *identity),
        (Step::Disable, _) => disable(state),
        // A step that brings a key is planned with one.
        (Step::Prepare { .. } | Step::AddProvider { .. }, _) => Err(RotateError::NoList),
    }
}

/// The reader that writes, if a new one may stand behind it.
pub(super) fn check_can_prepare(state: &State, keep_old: bool, any_writer: bool) -> Result<&Reader, RotateError> {
    let (resources, writer) = (state.title(), writer_of(state)?);
    match &state.phase {
        Phase::Prepared { next } => {
            return Err(RotateError::Waiting {
                resources,
                next: name_of(state, *next),
            });
        }
        Phase::PlaintextFirst { others } => {
            return Err(RotateError::PlaintextFirst {
                resources,
                others: names_of(state, others),
            });
        }
        Phase::Plain if !any_writer => return Err(RotateError::Plain { resources }),
        Phase::Promoted { old } | Phase::Unclear { others: old } if !keep_old => {
            return Err(RotateError::OldKeysLeft {
                resources,
                writer: writer.to_string(),
                old: names_of(state, old),
            });
        }
        _ => {}
    }
    if writer.kind == KMS && !any_writer {
        return Err(RotateError::Kms {
            resources,
            name: masked(&writer.name),
        });
    }
    Ok(writer)
}

fn promote(state: &State, key: Option<&str>) -> Result<EntryPlan, RotateError> {
    let (resources, writer) = (state.title(), writer_of(state)?);
    let next = match (key, &state.phase) {
        (Some(name), _) => called(state, name)?,
        (None, Phase::Prepared { next }) => *next,
        (None, Phase::PlaintextFirst { others }) => match others.as_slice() {
            [only] => *only,
            several => {
                return Err(RotateError::Unclear {
                    resources,
                    writer: writer.to_string(),
                    others: names_of(state, several),
                });
            }
        },
        (None, Phase::Unclear { others }) => {
            return Err(RotateError::Unclear {
                resources,
                writer: writer.to_string(),
                others: names_of(state, others),
            });
        }
        (None, Phase::Promoted { old }) => {
            return Err(RotateError::AlreadyPromoted {
                resources,
                writer: writer.to_string(),
                others: names_of(state, old),
            });
        }
        (None, Phase::Settled) => {
            return Err(RotateError::NothingPrepared {
                resources,
                writer: writer.to_string(),
            });
        }
        (None, Phase::Plain) => return Err(RotateError::Plain { resources }),
    };
    let next = reader(state, next)?;
    Ok(EntryPlan {
        changes: to_front(state, next),
        action: Action::Promoted {
            key: next.to_string(),
            before: writer.to_string(),
        },
    })
}

/// The changes that make a reader the first one.
fn to_front(state: &State, next: &Reader) -> Vec<Change> {
    let mut changes = Vec::new();
    if let Some(from) = next.key.filter(|key| *key > 0) {
        changes.push(Change::Move {
            list: List::Keys {
                entry: state.entry,
                provider: next.provider,
                kind: next.kind,
            },
            from,
            to: 0,
        });
    }
    if next.provider > 0 {
        changes.push(Change::Move {
            list: List::Providers { entry: state.entry },
            from: next.provider,
            to: 0,
        });
    }
    changes
}

fn prune(state: &State, key: Option<&str>, identity: bool) -> Result<EntryPlan, RotateError> {
    let (resources, writer) = (state.title(), writer_of(state)?);
    let old: Vec<usize> = match (key, &state.phase) {
        (Some(name), _) => vec![called(state, name)?],
        (None, _) if identity => {
            let behind = state.readers.iter().enumerate().skip(1);
            let found: Vec<usize> = behind.filter(|(_, one)| one.is_identity()).map(|(at, _)| at).collect();
            if found.is_empty() || writer.is_identity() {
                return Err(RotateError::NoIdentity { resources });
            }
            found
        }
        (None, Phase::Promoted { old }) => old.clone(),
        (None, Phase::Prepared { next }) => {
            return Err(RotateError::PruneBeforePromote {
                resources,
                writer: writer.to_string(),
                next: name_of(state, *next),
            });
        }
        (None, Phase::PlaintextFirst { others } | Phase::Unclear { others }) => {
            return Err(RotateError::Unclear {
                resources,
                writer: writer.to_string(),
                others: names_of(state, others),
            });
        }
        (None, Phase::Plain | Phase::Settled) => {
            return Err(RotateError::NothingOld {
                resources,
                writer: writer.to_string(),
            });
        }
    };
    let removed = old.iter().map(|at| reader(state, *at)).collect::<Result<Vec<_>, _>>()?;
    Ok(EntryPlan {
        changes: removals(state, &removed),
        action: Action::Pruned {
            keys: removed.into_iter().cloned().collect(),
        },
    })
}

/// The changes that remove readers, from the last one to the first, so that the others keep their places.
///
/// A provider that would be left without a key goes whole.
fn removals(state: &State, removed: &[&Reader]) -> Vec<Change> {
    let mut changes = Vec::new();
    let providers = state.readers.last().map_or(0, |last| last.provider + 1);
    for provider in (0..providers).rev() {
        let of_it = |reader: &&&Reader| reader.provider == provider;
        let going: Vec<&&Reader> = removed.iter().filter(of_it).collect();
        let Some(first) = going.first() else { continue };
        if going.len()
            == state
                .readers
                .iter()
                .filter(|reader| reader.provider == provider)
                .count()
        {
            changes.push(Change::Remove {
                list: List::Providers { entry: state.entry },
                at: provider,
            });
            continue;
        }
        let list = List::Keys {
            entry: state.entry,
            provider,
            kind: first.kind,
        };
        let mut keys: Vec<usize> = going.iter().filter_map(|reader| reader.key).collect();
        keys.sort_unstable_by(|a, b| b.cmp(a));
        changes.extend(keys.into_iter().map(|at| Change::Remove { list: list.clone(), at }));
    }
    changes
}

fn disable(state: &State) -> Result<EntryPlan, RotateError> {
    let writer = writer_of(state)?;
    if writer.is_identity() {
        return Err(RotateError::AlreadyDisabled {
            resources: state.title(),
        });
    }
    let Some(identity) = state.readers.iter().find(|reader| reader.is_identity()) else {
        return Ok(EntryPlan {
            changes: vec![Change::Insert {
                list: List::Providers { entry: state.entry },
                at: state.readers.last().map_or(0, |last| last.provider + 1),
                item: Item::Identity,
            }],
            action: Action::IdentityAdded,
        });
    };
    Ok(EntryPlan {
        changes: to_front(state, identity),
        action: Action::Disabled {
            before: writer.to_string(),
        },
    })
}

/// The reader behind the first one that the user means.
fn called(state: &State, name: &str) -> Result<usize, RotateError> {
    let found: Vec<usize> = state
        .readers
        .iter()
        .enumerate()
        .filter(|(_, reader)| reader.is_called(name))
        .map(|(at, _)| at)
        .collect();
    match found.as_slice() {
        [at] if *at > 0 => Ok(*at),
        [] | [_] => Err(RotateError::NoKey {
            resources: state.title(),
            name: name.to_owned(),
            found: match others_of(state).as_slice() {
                [] => "none".to_owned(),
                others => names_of(state, others),
            },
            writes: !found.is_empty(),
        }),
        several => Err(RotateError::AmbiguousKey {
            resources: state.title(),
            name: name.to_owned(),
            found: names_of(state, several),
        }),
    }
}

fn others_of(state: &State) -> Vec<usize> {
    let others = state.readers.iter().enumerate().skip(1);
    others
        .filter(|(_, reader)| !reader.is_identity())
        .map(|(at, _)| at)
        .collect()
}

fn writer_of(state: &State) -> Result<&Reader, RotateError> {
    reader(state, 0)
}

fn reader(state: &State, at: usize) -> Result<&Reader, RotateError> {
    state.readers.get(at).ok_or(RotateError::NoList)
}

fn name_of(state: &State, at: usize) -> String {
    state.readers.get(at).map(ToString::to_string).unwrap_or_default()
}

/// Names in backticks, with commas.
fn names_of(state: &State, readers: &[usize]) -> String {
    let names = readers.iter().map(|at| format!("`{}`", name_of(state, *at)));
    names.collect::<Vec<_>>().join(", ")
}
