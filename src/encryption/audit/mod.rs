//! Everything that is stored, counted: per resource, what is plaintext, and which key encrypted the rest.
//!
//! What one value is, [`Transformer`] says; here it is held against what the configuration wants:
//!
//! | state | the value | the answer |
//! |---|---|---|
//! | write key | is as the API server would write it today | yes |
//! | older key | needs a key, or a provider, that is not the first any more | no: a rewrite is due |
//! | plaintext | is stored as it is, although its resource is encrypted | no |
//! | unknown key | names a key that is not configured, or belongs to a resource that is not | no: nobody can read it |
//! | undecryptable | names a configured key that does not open it, or opens it to garbage | no |
//! | not covered | is stored as it is, and its resource is not configured | yes |
//!
//! Where `identity` is the first provider, plaintext *is* the write key. A snapshot also shows values that were overwritten
//! or deleted: they are counted apart, see [`Age`].
//!
//! Items are decrypted on several threads, in batches; a batch and what is counted are all that is kept in memory.

mod report;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};

use super::cipher::{Buffer, KeyLengthError};
use super::config::{Configuration, GroupResource};
use super::envelope::{Envelope, Scheme, payload};
use super::place::{self, Place};
use super::secrecy::shown;
use super::source::{Age, Each, Extent, Item, Keys, ValueError};
use super::transform::{Reading, Slot, Transformer};
use crate::limits;

pub use report::{Origin, RULES, SCHEMA, report, table};

/// What is held against what.
#[derive(Debug)]
pub struct Auditor<'a> {
    configuration: &'a Configuration,
    prefix: &'a str,
}

/// What was counted.
#[derive(Clone, Debug)]
pub struct Audit {
    /// What the source says of itself.
    pub extent: Extent,
    /// The resources that are configured by their names, and those of which something was stored.
    pub resources: BTreeMap<GroupResource, Resource>,
    /// Values that are plaintext whatever the configuration says.
    pub plain_by_design: u64,
    /// Keys that are not below the prefix.
    pub outside: u64,
    /// All items.
    pub items: u64,
    /// Whether there were more kinds of values than [`limits::AUDIT_GROUPS`], so that not all are told apart.
    pub is_crowded: bool,
}

/// What was counted of one resource.
#[derive(Clone, Debug, Default)]
pub struct Resource {
    /// Whether the configuration has providers for it.
    pub covered: bool,
    /// How many values there are of each kind. Configured keys are there with zero, too.
    pub counts: BTreeMap<Group, Count>,
}

/// A kind of value of one resource.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Group {
    /// Whether its key still has it.
    pub age: Age,
    /// What it is.
    pub state: State,
    /// The provider that the value, or the configuration for it, names: `aescbc`.
    pub provider: Option<&'static str>,
    /// The key's name, or the name of the key management service.
    pub key: Option<String>,
    /// The key that this service used.
    pub key_id: Option<String>,
}

/// What a value is, beside what the configuration wants.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum State {
    /// As the API server would write it.
    WriteKey,
    /// It needs a provider or key that is not the first.
    OlderKey,
    /// Plaintext of a resource that is to be encrypted.
    Plaintext,
    /// It names a key that the resource does not have.
    UnknownKey,
    /// Its key does not open it.
    Undecryptable,
    /// Plaintext of a resource that is not configured.
    NotCovered,
}

impl State {
    /// The stable name: `write-key`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WriteKey => "write-key",
            Self::OlderKey => "older-key",
            Self::Plaintext => "plaintext",
            Self::UnknownKey => "unknown-key",
            Self::Undecryptable => "undecryptable",
            Self::NotCovered => "not-covered",
        }
    }

    /// What people read: `write key`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::WriteKey => "write key",
            Self::OlderKey => "older key",
            Self::Plaintext => "plaintext",
            Self::UnknownKey => "unknown key",
            Self::Undecryptable => "undecryptable",
            Self::NotCovered => "not covered",
        }
    }

    /// Whether that is as it should be, so that nobody asks for the names.
    const fn is_fine(self) -> bool {
        matches!(self, Self::WriteKey | Self::NotCovered)
    }
}

/// How many values there are of one kind, and the first of their names.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Count {
    /// How many.
    pub count: u64,
    /// The first names in alphabetical order, up to [`limits::AUDIT_NAMES`], of values that are not as they should be.
    pub names: BTreeSet<String>,
}

/// What ends an audit before its time.
#[derive(Debug, thiserror::Error)]
pub enum Stopped<E> {
    /// The source ends with an error.
    #[error(transparent)]
    Source(E),
    /// A value cannot be decoded; of several, the first.
    #[error(transparent)]
    Value(ValueError),
}

/// Values that travel together to a thread.
const BATCH_ITEMS: usize = 256;
const BATCH_BYTES: usize = 1 << 20;
/// Batches that wait.
const BATCHES: usize = 4;

impl<'a> Auditor<'a> {
    /// An auditor for what an API server with this configuration and this `--etcd-prefix` stores.
    ///
    /// # Errors
    /// A key has a length that its provider does not take.
    pub fn new(configuration: &'a Configuration, prefix: &'a str) -> Result<Self, KeyLengthError> {
        for entry in &configuration.resources {
            Transformer::new(&entry.providers)?;
        }
        Ok(Self { configuration, prefix })
    }

    /// Counts all items that `read` hands out, on `threads` threads beside the one that reads.
    ///
    /// `progress` is told how many items were handed out since it was told last.
    ///
    /// # Errors
    /// Those of `read`, or a value that cannot be decoded.
    pub fn run<E>(
        &self,
        threads: usize,
        progress: &dyn Fn(usize),
        read: impl FnOnce(&mut Each<'_>) -> Result<Extent, E>,
    ) -> Result<Audit, Stopped<E>> {
        let (sender, receiver) = sync_channel::<Vec<Item>>(BATCHES);
        let receiver = &Mutex::new(receiver);
        let mut whole = Tally::new(self);
        let is_broken = &AtomicBool::new(false);
        let extent = std::thread::scope(|scope| {
            let work = || {
                let mut tally = Tally::new(self);
                while let Some(batch) = next(receiver) {
                    tally.add_all(&batch);
                    // Who sends must never wait for nobody, so the rest is taken and left alone.
                    is_broken.fetch_or(tally.broken.is_some(), Ordering::Relaxed);
                }
                tally
            };
            let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
            let (mut batch, mut bytes) = (Vec::new(), 0_usize);
            let extent = read(&mut |item| {
                bytes = bytes.saturating_add(item.value.len());
                batch.push(item);
                if is_broken.load(Ordering::Relaxed) {
                    return ControlFlow::Break(());
                }
                if batch.len() < BATCH_ITEMS && bytes < BATCH_BYTES {
                    return ControlFlow::Continue(());
                }
                progress(batch.len());
                bytes = 0;
                match sender.send(std::mem::take(&mut batch)) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            });
            // Who receives is still there, since the threads end when the sender does.
            let _ = sender.send(batch);
            drop(sender);
            for thread in threads {
                match thread.join() {
                    Ok(tally) => whole.merge(tally),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            extent
        });
        match whole.broken {
            Some(error) => Err(Stopped::Value(error)),
            None => Ok(self.conclude(whole, extent.map_err(Stopped::Source)?)),
        }
    }

    /// Tells why the items were not all that the configuration is about, if so.
    ///
    /// A dump does not say which keys were asked for. But etcd's answers are unbroken, so what lies between its first and its
    /// last key is all there is; see [`Keys::Runs`].
    #[must_use]
    pub fn missing(&self, extent: &Extent) -> Option<String> {
        let prefix = self.prefix.trim_end_matches('/');
        let runs = match &extent.keys {
            Keys::Prefix(read) if format!("{prefix}/").as_bytes().starts_with(read) => return None,
            Keys::Prefix(read) => {
                let read = String::from_utf8_lossy(read);
                return Some(format!("only keys that start with `{read}` were read"));
            }
            Keys::Runs(runs) => runs,
        };
        let resources = self.configuration.resources.iter().flat_map(|entry| &entry.resources);
        let mut missing = resources.filter(|resource| {
            let start = format!("{prefix}/{}/", place::directory(&resource.group_resource));
            // The first key that sorts behind all that start so.
            let end = format!("{prefix}/{}0", place::directory(&resource.group_resource));
            let around = |(first, last): &(Vec<u8>, Vec<u8>)| {
                first.as_slice() <= start.as_bytes() && last.as_slice() >= end.as_bytes()
            };
            resource.group_resource.resource == "*" || !runs.iter().any(around)
        });
        let resource = missing.next()?;
        Some(format!(
            "its first and last keys do not show that it holds all values of `{}`",
            resource.name
        ))
    }

    /// The configured key that a value names, whichever resources it is for.
    fn key_of(&self, value: &[u8]) -> Option<&'a str> {
        let Envelope::Encrypted { scheme, rest } = Envelope::parse(value) else {
            return None;
        };
        self.configuration
            .keys()
            .filter(|(provider, _)| provider.kind.name() == scheme.provider())
            .map(|(_, key)| key.name.value.as_str())
            .filter(|name| payload(rest, name).is_some())
            .max_by_key(|name| name.len())
    }

    /// Whether a key's name is one that reports mask, so that they say nothing about that key.
    fn has_masked_name(&self) -> bool {
        self.configuration
            .keys()
            .any(|(_, key)| shown(&key.name.value) != key.name.value)
    }

    /// Adds what is configured and was not met.
    fn conclude(&self, tally: Tally<'_>, extent: Extent) -> Audit {
        let mut audit = Audit {
            extent,
            resources: BTreeMap::new(),
            plain_by_design: tally.plain_by_design,
            outside: tally.outside,
            items: tally.items,
            is_crowded: tally.is_crowded,
        };
        let named = self.configuration.resources.iter().flat_map(|entry| &entry.resources);
        let named = named.filter(|resource| resource.group_resource.resource != "*");
        let configured = named.map(|resource| Share::new(resource.group_resource.clone(), self.configuration));
        for share in tally.shares.into_values().chain(configured) {
            let resource = audit.resources.entry(share.resource).or_default();
            resource.covered |= share.covered;
            for slot in share.transformer.slots().filter(|_| share.covered) {
                let state = if slot == Slot::WRITING {
                    State::WriteKey
                } else {
                    State::OlderKey
                };
                let is_identity = share
                    .transformer
                    .names(slot)
                    .is_some_and(|(name, _)| name == "identity");
                // Plaintext that identity reads has a state of its own.
                if is_identity && state == State::OlderKey {
                    continue;
                }
                let class = Class {
                    age: Age::Current,
                    state,
                    slot: Some(slot),
                    scheme: None,
                    name: None,
                };
                resource.counts.entry(class.group(&share.transformer)).or_default();
            }
            for (class, count) in share.counts {
                resource
                    .counts
                    .entry(class.group(&share.transformer))
                    .or_default()
                    .merge(count);
            }
        }
        // A service tells its key with each value; nothing is known of those that are not there.
        for resource in audit.resources.values_mut() {
            let has_ids: BTreeSet<Option<String>> = resource
                .counts
                .iter()
                .filter(|(group, _)| group.key_id.is_some())
                .map(|(group, _)| group.key.clone())
                .collect();
            resource.counts.retain(|group, count| {
                count.count > 0 || group.provider != Some("kms") || !has_ids.contains(&group.key)
            });
        }
        audit
    }
}

fn next(receiver: &Mutex<Receiver<Vec<Item>>>) -> Option<Vec<Item>> {
    receiver.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// What one thread has counted.
struct Tally<'a> {
    auditor: &'a Auditor<'a>,
    shares: HashMap<Vec<u8>, Share>,
    buffer: Buffer,
    /// A value that was base64.
    decoded: Vec<u8>,
    broken: Option<ValueError>,
    plain_by_design: u64,
    outside: u64,
    items: u64,
    is_crowded: bool,
}

/// What one thread has counted of one directory.
struct Share {
    resource: GroupResource,
    covered: bool,
    transformer: Transformer,
    counts: BTreeMap<Class, Count>,
}

/// As [`Group`], without a name to copy for each value.
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
struct Class {
    age: Age,
    state: State,
    slot: Option<Slot>,
    scheme: Option<Scheme>,
    /// The name of an unknown key, or the id of a service's key.
    name: Option<String>,
}

impl<'a> Tally<'a> {
    fn new(auditor: &'a Auditor<'a>) -> Self {
        Self {
            auditor,
            shares: HashMap::new(),
            buffer: Buffer::default(),
            decoded: Vec::new(),
            broken: None,
            plain_by_design: 0,
            outside: 0,
            items: 0,
            is_crowded: false,
        }
    }

    /// Counts items until one cannot be decoded, and none after that.
    fn add_all(&mut self, items: &[Item]) {
        if self.broken.is_some() {
            return;
        }
        let mut decoded = std::mem::take(&mut self.decoded);
        for item in items {
            match item.value.bytes(&mut decoded) {
                Ok(value) => self.add(item, value),
                Err(error) => {
                    self.broken = Some(error);
                    break;
                }
            }
        }
        self.decoded = decoded;
    }

    fn add(&mut self, item: &Item, value: &[u8]) {
        self.items = self.items.saturating_add(1);
        let (directory, name) = match Place::of(&item.key, self.auditor.prefix) {
            Place::Outside => return self.outside = self.outside.saturating_add(1),
            Place::PlainByDesign => return self.plain_by_design = self.plain_by_design.saturating_add(1),
            Place::Object { directory, name } => (directory, name),
        };
        if !self.shares.contains_key(directory) {
            let many = self.shares.len() >= limits::AUDIT_GROUPS;
            let configuration = self.auditor.configuration;
            let resource = place::resource(directory, configuration);
            // What is beyond the limit is counted with the first resource that has the same providers.
            let same = many.then(|| {
                let covered = configuration.providers_of(&resource).is_some();
                let mut shares = self.shares.iter().filter(|(_, share)| share.covered == covered);
                shares.next().map(|(directory, _)| directory.clone())
            });
            self.is_crowded |= many;
            if let Some(Some(other)) = same {
                return self.count(&other, name, item, value);
            }
            self.shares
                .insert(directory.to_vec(), Share::new(resource, configuration));
        }
        self.count(directory, name, item, value);
    }

    fn count(&mut self, directory: &[u8], name: &[u8], item: &Item, value: &[u8]) {
        let Some(share) = self.shares.get_mut(directory) else {
            return;
        };
        let mut reading = share.transformer.read(&item.key, value, &mut self.buffer);
        // A key of another resource is known by its whole name, also where that has colons.
        if let Reading::Unknown { name, .. } = &mut reading
            && let Some(configured) = self.auditor.key_of(value)
        {
            *name = Some(configured.to_owned());
        }
        let mut class = Class::new(reading, share, item.age);
        if share.counts.len() >= limits::AUDIT_GROUPS && !share.counts.contains_key(&class) {
            class.name = None;
            self.is_crowded = true;
        }
        let is_fine = class.state.is_fine();
        let count = share.counts.entry(class).or_default();
        count.count = count.count.saturating_add(1);
        if !is_fine {
            count.name(name);
        }
    }

    fn merge(&mut self, other: Self) {
        self.broken = self.broken.into_iter().chain(other.broken).min();
        self.items = self.items.saturating_add(other.items);
        self.outside = self.outside.saturating_add(other.outside);
        self.is_crowded |= other.is_crowded;
        self.plain_by_design = self.plain_by_design.saturating_add(other.plain_by_design);
        for (directory, theirs) in other.shares {
            match self.shares.get_mut(&directory) {
                None => {
                    self.shares.insert(directory, theirs);
                }
                Some(ours) => {
                    for (class, count) in theirs.counts {
                        ours.counts.entry(class).or_default().merge(count);
                    }
                }
            }
        }
    }
}

impl Share {
    fn new(resource: GroupResource, configuration: &Configuration) -> Self {
        let providers = configuration.providers_of(&resource);
        // What should be plaintext may still name a key that is configured for others.
        let any = || {
            configuration
                .resources
                .iter()
                .flat_map(|entry| &entry.providers)
                .collect()
        };
        Self {
            covered: providers.is_some(),
            // The lengths of all keys were checked when the auditor was made.
            transformer: Transformer::new(providers.unwrap_or_else(any)).unwrap_or_default(),
            resource,
            counts: BTreeMap::new(),
        }
    }
}

impl Class {
    fn new(reading: Reading, share: &Share, age: Age) -> Self {
        let class = |state, slot, scheme, name| Self {
            age,
            state,
            slot,
            scheme,
            name,
        };
        let ranked = |slot| match slot {
            _ if !share.covered => State::UnknownKey,
            Slot::WRITING => State::WriteKey,
            _ => State::OlderKey,
        };
        match reading {
            Reading::Opened(slot) => class(ranked(slot), Some(slot), None, None),
            Reading::Kms { slot, key_id } => class(ranked(slot), Some(slot), None, key_id),
            Reading::Plain { .. } if !share.covered => class(State::NotCovered, None, None, None),
            Reading::Plain {
                slot: Some(Slot::WRITING),
            } => class(State::WriteKey, Some(Slot::WRITING), None, None),
            Reading::Plain { .. } => class(State::Plaintext, None, None, None),
            Reading::Garbage(slot) | Reading::Damaged { slot, .. } if !share.covered => {
                class(State::UnknownKey, Some(slot), None, None)
            }
            Reading::Garbage(slot) | Reading::Damaged { slot, .. } => {
                class(State::Undecryptable, Some(slot), None, None)
            }
            Reading::Unknown { scheme, name } => class(State::UnknownKey, None, scheme, name),
        }
    }

    fn group(self, transformer: &Transformer) -> Group {
        let names = self.slot.and_then(|slot| transformer.names(slot));
        let (provider, key) = names.unzip();
        let masked = |name: &str| shown(name).into_owned();
        let own = self.name.as_deref().map(masked);
        let (key, key_id) = if self.slot.is_some() {
            (key.flatten().map(masked), own)
        } else {
            (own, None)
        };
        Group {
            age: self.age,
            state: self.state,
            provider: provider.or(self.scheme.map(Scheme::provider)),
            key,
            key_id,
        }
    }
}

impl Count {
    fn name(&mut self, name: &[u8]) {
        let is_full = self.names.len() >= limits::AUDIT_NAMES;
        if is_full && self.names.last().is_some_and(|last| name >= last.as_bytes()) {
            return;
        }
        self.names.insert(String::from_utf8_lossy(name).into_owned());
        if is_full && self.names.len() > limits::AUDIT_NAMES {
            self.names.pop_last();
        }
    }

    fn merge(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.names.extend(other.names);
        while self.names.len() > limits::AUDIT_NAMES {
            self.names.pop_last();
        }
    }
}

#[cfg(test)]
mod tests;
