//! Rotations as edits of the file: a key is prepared, promoted, and the old one pruned.
//!
//! | file | state | the next step |
//! |---|---|---|
//! | `[A]` | settled | prepare: all servers learn to read the new key |
//! | `[A, B]` | prepared | promote: values are written with it from now on |
//! | `[B, A]` | promoted | rewrite what is stored, then prune |
//! | `[B]` | settled | |
//!
//! Another provider takes the place of the first one in the same way, with elements of `providers` in place of keys. No
//! state is kept elsewhere: [`State`] is read from the file each time.

mod change;
mod error;
mod phase;
mod plan;

use std::io;

use jiff::civil::Date;
use zeroize::Zeroizing;

pub use error::RotateError;
pub use phase::{Phase, Reader, State};

use super::config::{Configuration, Key};
use super::init::{Cipher, NewKey, NewKms, NewProvider};
use super::key_name::KeyName;
use super::load::{Loaded, Loader, load};

/// A step of a rotation.
#[derive(Clone, Debug)]
pub enum Step {
    /// Adds another provider behind the first one.
    AddProvider {
        /// What it encrypts with.
        with: AddedProvider,
        /// Older keys may be left.
        keep_old: bool,
    },
    /// Makes `identity` the first provider; adds it behind the last one where there is none.
    Disable,
    /// Adds a key behind the one that writes.
    Prepare {
        /// Its name; dated where there is none.
        key_name: Option<KeyName>,
        /// Older keys may be left.
        keep_old: bool,
    },
    /// Makes the prepared key or provider the first one.
    Promote {
        /// `NAME` or `PROVIDER/NAME`; the younger one where there is none.
        key: Option<String>,
    },
    /// Removes the older keys, and the providers that have no other.
    Prune {
        /// `NAME` or `PROVIDER/NAME`; all older ones where there is none.
        key: Option<String>,
        /// Removes `identity` from behind the keys instead.
        identity: bool,
    },
}

/// A provider that is added.
#[derive(Clone, Debug)]
pub enum AddedProvider {
    /// One with a new key in the file.
    Cipher(Cipher, Option<KeyName>),
    /// A plugin.
    Kms(NewKms),
}

/// What a step takes from the world.
pub struct World<'w> {
    /// The day, which new keys are named by.
    pub today: Date,
    /// The randomness of new keys.
    pub random: &'w mut dyn FnMut(&mut [u8]) -> io::Result<()>,
}

impl std::fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("today", &self.today)
            .finish_non_exhaustive()
    }
}

/// A step that can be taken.
#[derive(Debug)]
pub struct Rotation {
    /// The whole file afterwards.
    pub text: Zeroizing<String>,
    /// What happens to each entry.
    pub done: Vec<Done>,
    /// The entries that stay as they are.
    pub passed_by: Vec<State>,
    /// The states of all entries afterwards.
    pub after: Vec<State>,
}

/// What happens to one entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Done {
    /// The entry's resources.
    pub resources: Vec<String>,
    /// What happens.
    pub action: Action,
}

/// What happens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Action {
    /// Plaintext is written from now on.
    Disabled {
        /// What wrote before.
        before: String,
    },
    /// Plaintext can be read from now on: the first half of [`Step::Disable`].
    IdentityAdded,
    /// A key or provider was added behind the first one.
    Prepared {
        /// Its name.
        key: String,
    },
    /// A key or provider writes from now on.
    Promoted {
        /// Its name.
        key: String,
        /// What wrote before.
        before: String,
    },
    /// Keys were removed.
    Pruned {
        /// Which.
        keys: Vec<Reader>,
    },
}

impl Action {
    /// What it removes.
    #[must_use]
    pub fn removed(&self) -> &[Reader] {
        match self {
            Self::Pruned { keys } => keys,
            _ => &[],
        }
    }
}

/// Takes a step: changes the text, and proves that it is what was meant and that the API server loads it.
///
/// `resources` names the entries that it is about; none means all of them. Of several documents only the first is read and
/// changed, as the API server does.
///
/// # Errors
/// The API server does not load the text, the step does not follow from the phase of an entry, or the text cannot be
/// changed safely.
pub fn rotate(
    text: &str,
    loader: &Loader,
    step: &Step,
    resources: &[String],
    world: &mut World<'_>,
) -> Result<Rotation, RotateError> {
    let Loaded { configuration, end } = load(text, loader).map_err(RotateError::NotLoaded)?;
    let (text, tail) = text.split_at_checked(end).unwrap_or((text, ""));
    let states = State::all(&configuration);
    let chosen = plan::choose(&states, step, resources)?;
    let new = make(&configuration, step, &chosen.entries, world)?;
    let mut after = Zeroizing::new(text.to_owned());
    let mut done = Vec::new();
    for (at, state) in chosen.entries.iter().enumerate() {
        let plan = plan::plan(state, step, new.get(at))?;
        after = change::apply(after, &plan.changes)?;
        done.push(Done {
            resources: state.resources.clone(),
            action: plan.action,
        });
    }
    // A larger buffer, and not a growing one, which would leave a copy behind.
    let mut whole = Zeroizing::new(String::with_capacity(after.len() + tail.len()));
    whole.push_str(&after);
    whole.push_str(tail);
    let changed = Configuration::parse(&whole, loader).map_err(RotateError::Unloadable)?;
    let after_states = State::all(&changed);
    if matches!(step, Step::Prepare { .. } | Step::AddProvider { .. }) {
        let affected = after_states
            .iter()
            .filter(|state| chosen.entries.iter().any(|one| one.entry == state.entry));
        for state in affected {
            check_is_younger(state)?;
        }
    }
    Ok(Rotation {
        text: whole,
        done,
        passed_by: chosen.passed_by.into_iter().cloned().collect(),
        after: after_states,
    })
}

/// A new key whose name makes it look like the older one would turn the next steps around.
fn check_is_younger(state: &State) -> Result<(), RotateError> {
    match (&state.phase, state.readers.as_slice()) {
        (Phase::Promoted { .. }, [writer, new, ..]) => Err(RotateError::NameNotYounger {
            name: new.to_string(),
            than: writer.to_string(),
        }),
        (Phase::Prepared { next }, [writer, new, ..]) if *next != 1 => Err(RotateError::NameNotYounger {
            name: new.to_string(),
            than: state.readers.get(*next).unwrap_or(writer).to_string(),
        }),
        _ => Ok(()),
    }
}

/// Makes the keys that a step brings, one for each entry; entries that share their key share the new one.
fn make(
    configuration: &Configuration,
    step: &Step,
    entries: &[&State],
    world: &mut World<'_>,
) -> Result<Vec<NewProvider>, RotateError> {
    let mut made: Vec<NewProvider> = Vec::new();
    let mut shared: Vec<(&Key, usize)> = Vec::new();
    let mut taken: Vec<String> = configuration.keys().map(|(_, key)| key.name.value.clone()).collect();
    let mut count = 0;
    for state in entries {
        let writer = writer(configuration, state);
        let (cipher, wanted) = match step {
            Step::AddProvider { with, keep_old } => {
                plan::check_can_prepare(state, *keep_old, true)?;
                match with {
                    AddedProvider::Kms(kms) => {
                        made.push(NewProvider::Kms(kms.clone()));
                        continue;
                    }
                    AddedProvider::Cipher(cipher, name) => (Some(*cipher), name),
                }
            }
            Step::Prepare { key_name, keep_old } => {
                plan::check_can_prepare(state, *keep_old, false)?;
                (writer.and_then(|(cipher, _)| cipher), key_name)
            }
            Step::Disable | Step::Promote { .. } | Step::Prune { .. } => return Ok(made),
        };
        let Some(cipher) = cipher else {
            return Err(RotateError::NoList);
        };
        let same = |key: &Key| {
            let twin = |other: &&(&Key, usize)| other.0.name.value == key.name.value && other.0.secret == key.secret;
            shared.iter().find(twin).map(|(_, at)| *at)
        };
        let twin = writer
            .and_then(|(_, key)| same(key))
            .and_then(|at| made.get(at))
            .cloned();
        let key = match twin {
            Some(NewProvider::Key(_, key)) => key,
            _ => {
                count += 1;
                let name = match wanted {
                    Some(_) if count > 1 => return Err(RotateError::OneNameForSeveral { count: entries.len() }),
                    Some(name) if taken.iter().any(|other| other == name.as_str()) => {
                        return Err(RotateError::NameTaken { name: name.clone() });
                    }
                    Some(name) => name.clone(),
                    None => KeyName::dated(world.today, taken.iter().map(String::as_str)),
                };
                taken.push(name.as_str().to_owned());
                NewKey::generate(name, world.random).map_err(RotateError::Randomness)?
            }
        };
        if let Some((_, old)) = writer {
            shared.push((old, made.len()));
        }
        made.push(NewProvider::Key(cipher, key));
    }
    Ok(made)
}

/// The key that writes an entry, and its provider.
fn writer<'c>(configuration: &'c Configuration, state: &State) -> Option<(Option<Cipher>, &'c Key)> {
    let provider = configuration.resources.get(state.entry)?.providers.first()?;
    Some((Cipher::of(&provider.kind), provider.keys().first()?))
}

#[cfg(test)]
mod tests;
