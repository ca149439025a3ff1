//! What is known of a host while a run lasts: how it is spoken to, what it asks for, how fast it may be asked.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{self, MutexGuard, OnceCell, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::challenge::Challenge;
use super::error::{Answered, Asked, Error};
use super::probe::Scheme;

/// All hosts that were asked in this run.
#[derive(Debug)]
pub(crate) struct Hosts {
    in_flight: usize,
    known: Mutex<HashMap<String, Arc<Host>>>,
}

impl Hosts {
    pub(crate) fn new(in_flight: usize) -> Self {
        Self {
            in_flight: in_flight.clamp(1, Semaphore::MAX_PERMITS),
            known: Mutex::default(),
        }
    }

    /// The host of this name and port.
    pub(crate) fn host(&self, name: &str) -> Arc<Host> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let host = known
            .entry(name.to_ascii_lowercase())
            .or_insert_with(|| Arc::new(Host::new(self.in_flight)));
        Arc::clone(host)
    }
}

/// One host and port.
#[derive(Debug)]
pub(crate) struct Host {
    /// How it is spoken to, once that is known.
    pub(crate) scheme: OnceCell<Scheme>,
    answered: AtomicBool,
    challenge: RwLock<Option<Challenge>>,
    failure: OnceLock<Failure>,
    first: sync::Mutex<()>,
    greeted: AtomicBool,
    pace: Pace,
}

#[derive(Debug)]
struct Pace {
    permits: Semaphore,
    slow: AtomicBool,
    alone: sync::Mutex<()>,
    pause: Mutex<Option<Instant>>,
}

/// The right to send one request.
pub(crate) struct Pass<'a> {
    _permit: Option<SemaphorePermit<'a>>,
    _alone: Option<MutexGuard<'a, ()>>,
}

impl Host {
    fn new(in_flight: usize) -> Self {
        Self {
            scheme: OnceCell::new(),
            answered: AtomicBool::new(false),
            challenge: RwLock::default(),
            failure: OnceLock::new(),
            first: sync::Mutex::default(),
            greeted: AtomicBool::new(false),
            pace: Pace {
                permits: Semaphore::new(in_flight),
                slow: AtomicBool::new(false),
                alone: sync::Mutex::default(),
                pause: Mutex::default(),
            },
        }
    }

    /// Lets the first request to a host go alone: the others wait here for what it learns.
    ///
    /// Who gets a guard is the first, and calls [`Host::greet`] before it drops the guard.
    pub(crate) async fn first(&self) -> Option<MutexGuard<'_, ()>> {
        if self.greeted.load(Ordering::Acquire) {
            return None;
        }
        let guard = self.first.lock().await;
        (!self.greeted.load(Ordering::Acquire)).then_some(guard)
    }

    /// Says that the host has answered, and that its challenge is known if it has one.
    pub(crate) fn greet(&self) {
        self.greeted.store(true, Ordering::Release);
    }

    /// What the host asked for last, if anything.
    pub(crate) fn challenge(&self) -> Option<Challenge> {
        self.challenge.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn remember(&self, challenge: Challenge) {
        *self.challenge.write().unwrap_or_else(PoisonError::into_inner) = Some(challenge);
    }

    /// Waits for the right to send one request: for a permit, for the others if the host is slow, and for the end of a
    /// pause that it asked for.
    pub(crate) async fn enter(&self) -> Pass<'_> {
        // The semaphore is never closed, so that there always is a permit.
        let permit = self.pace.permits.acquire().await.ok();
        let alone = if self.pace.slow.load(Ordering::Acquire) {
            Some(self.pace.alone.lock().await)
        } else {
            None
        };
        let pause = *self.pace.pause.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = pause {
            tokio::time::sleep_until(until).await;
        }
        Pass {
            _permit: permit,
            _alone: alone,
        }
    }

    /// Sends one request at a time from now on, and none before `wait` is over: parallel tries after a 429 make more of
    /// them.
    pub(crate) fn slow_down(&self, wait: Duration) {
        self.pace.slow.store(true, Ordering::Release);
        let until = Instant::now().checked_add(wait);
        let mut pause = self.pace.pause.lock().unwrap_or_else(PoisonError::into_inner);
        *pause = (*pause).max(until);
    }

    /// Notes that the host has answered something.
    pub(crate) fn note_answer(&self) {
        self.answered.store(true, Ordering::Release);
    }

    pub(crate) fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Acquire)
    }

    /// Gives the host up: what failed for one request after all its tries fails for the others at once.
    pub(crate) fn give_up(&self, failure: &Failure) {
        // The first failure stays.
        let _ = self.failure.set(failure.clone());
    }

    /// Why the host was given up, if it was.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.failure.get()
    }
}

/// A failure that is not about one reference alone.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    CaCertificate,
    Throttled(Answered),
    TimedOut(Duration),
    Transport(String),
}

impl Failure {
    /// The same failure for another reference.
    pub(crate) fn about(&self, asked: &Asked) -> Error {
        let asked = asked.clone();
        match self {
            Self::CaCertificate => Error::CaCertificate { asked },
            Self::Throttled(answered) => Error::Throttled {
                asked,
                answered: answered.clone(),
            },
            Self::TimedOut(limit) => Error::TimedOut { asked, limit: *limit },
            Self::Transport(reason) => Error::Transport {
                asked,
                reason: reason.clone(),
            },
        }
    }
}
