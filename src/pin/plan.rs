//! From images and answers to edits and findings: one decision a site, the same for every output.

use std::sync::Arc;

use super::resolve::{self, Resolution, Resolutions, Standing, Standings};
use super::rules::{DRIFTED, SINGLE_PLATFORM, UNPINNABLE, UNPINNED, VANISHED};
use crate::images::{Filter, INVALID_DIGEST, Scan, Site, Skip, SkipReason, Slot, Style};
use crate::oci::Digest;
use crate::report::{Finding, Fix, Location, Rule};
use crate::text::Edit;

/// What a run does with the images it finds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// Says what is not as it should be; `online` compares digests with their registries.
    Check {
        /// Ask the registries.
        online: bool,
    },
    /// Writes digests where there are none.
    Pin,
    /// Takes digests away.
    Unpin,
    /// Writes digests where there are none, and newer ones where tags have moved.
    Update,
}

impl Mode {
    /// Says whether a site's tag must be resolved.
    #[must_use]
    pub fn resolves(self, site: &Site) -> bool {
        match self {
            Self::Unpin | Self::Check { online: false } => false,
            Self::Check { online: true } => site.reference.digest().is_none() || site.reference.tag().is_some(),
            Self::Pin => site.reference.digest().is_none() && site.slot.is_writable(),
            Self::Update => match site.reference.digest() {
                None => site.slot.is_writable(),
                Some(_) => site.reference.tag().is_some(),
            },
        }
    }

    /// Says whether a site's digest must be compared with its registry.
    #[must_use]
    pub fn examines(self, site: &Site) -> bool {
        self == Self::Check { online: true } && site.reference.digest().is_some()
    }
}

/// What comes of one file.
#[derive(Debug, Default)]
pub struct Plan {
    /// What will be written; the edits of a file do not overlap.
    pub changes: Vec<Change>,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
    /// What could not be decided.
    pub failures: Vec<Failure>,
    /// Findings that are accepted, in place of the finding.
    pub skips: Vec<Skip>,
    /// Images that were as they should be.
    pub kept: usize,
}

/// One image whose digest is written or taken away.
#[derive(Clone, Debug)]
pub struct Change {
    /// Where.
    pub location: Location,
    /// The field as its format names it.
    pub field: String,
    /// The reference as it was.
    pub before: String,
    /// The digest that is written; `None` where one is taken away.
    pub digest: Option<Digest>,
    /// What is done to the text.
    pub edit: Edit,
}

/// An image about which nothing could be found out.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Where.
    pub location: Location,
    /// The reference as it is written.
    pub reference: String,
    /// Why; the same error where several images share it.
    pub error: Arc<resolve::Error>,
}

/// Decides for every image of a file.
#[must_use]
pub fn plan(
    scan: &Scan,
    mode: Mode,
    style: Style,
    filter: &Filter<'_>,
    tags: &Resolutions,
    standings: &Standings,
) -> Plan {
    let mut planner = Planner {
        scan,
        style,
        filter,
        plan: Plan::default(),
    };
    for skip in &scan.malformed {
        planner.malformed(skip);
    }
    for site in &scan.sites {
        planner.decide(site, mode, tags, standings);
    }
    planner
        .plan
        .findings
        .sort_by_key(|finding| finding.location.range.start);
    planner.plan
}

struct Planner<'a> {
    scan: &'a Scan,
    style: Style,
    filter: &'a Filter<'a>,
    plan: Plan,
}

impl Planner<'_> {
    fn decide(&mut self, site: &Site, mode: Mode, tags: &Resolutions, standings: &Standings) {
        let tag = tags.get(&site.reference.tagged());
        match (mode, site.reference.digest()) {
            (Mode::Unpin, Some(_)) => match site.slot.unpin() {
                Some(edit) => self.change(site, None, edit),
                None => self.skip(site, SkipReason::Undoable),
            },
            (Mode::Unpin, None) => self.plan.kept += 1,
            // The answer is no whatever a registry says; what it says is the remedy.
            (Mode::Check { .. }, None) => {
                let now = tag.and_then(|answer| answer.as_ref().ok());
                self.unpinned(site, now.map(|resolution| &resolution.digest));
            }
            (Mode::Check { .. }, Some(digest)) => match standings.get(&resolve::key(&site.reference)) {
                None => self.kept_or_drifted(site, digest, tag),
                Some(Ok(standing)) => self.standing(site, standing),
                Some(Err(error)) => self.fail(site, error),
            },
            (Mode::Pin | Mode::Update, None) => match (&site.slot, tag) {
                (Slot::Fixed(_), _) => self.unpinned(site, None),
                (Slot::Writable { .. }, Some(Ok(resolution))) => self.write(site, resolution),
                (Slot::Writable { .. }, Some(Err(error))) => self.fail(site, error),
                // Another failure kept it from being asked for.
                (Slot::Writable { .. }, None) => {}
            },
            (Mode::Pin, Some(_)) => self.plan.kept += 1,
            (Mode::Update, Some(digest)) => match tag {
                Some(Ok(resolution)) if resolution.digest != *digest => self.write(site, resolution),
                Some(Err(error)) => self.fail(site, error),
                Some(Ok(_)) => self.plan.kept += 1,
                None => self.skip(site, SkipReason::TagElsewhere),
            },
        }
    }

    /// Without a registry the lock file, if there is one, says what a tag means.
    fn kept_or_drifted(&mut self, site: &Site, digest: &Digest, tag: Option<&Result<Resolution, Arc<resolve::Error>>>) {
        match tag {
            Some(Ok(resolution)) if resolution.digest != *digest => {
                self.standing(site, &Standing::Drifted(Some(resolution.digest.clone())))
            }
            _ => self.plan.kept += 1,
        }
    }

    fn standing(&mut self, site: &Site, standing: &Standing) {
        let name = site.reference.as_written().split('@').next().unwrap_or("");
        let tag = site.reference.tag().unwrap_or("");
        match standing {
            Standing::Current => self.plan.kept += 1,
            Standing::Drifted(Some(now)) => {
                self.find(
                    site,
                    &DRIFTED,
                    format!("tag `{tag}` of `{name}` now means {now}"),
                    Some(now),
                );
            }
            Standing::Drifted(None) => {
                self.find(
                    site,
                    &DRIFTED,
                    format!("tag `{tag}` of `{name}` does not exist any more"),
                    None,
                );
            }
            Standing::SinglePlatform { index, platform } => {
                let platform = platform
                    .as_ref()
                    .map(|platform| format!(" for {platform}"))
                    .unwrap_or_default();
                let message = format!("`{name}` is pinned to the single image{platform} of index {index}");
                self.find(site, &SINGLE_PLATFORM, message, Some(index));
            }
            Standing::Vanished(now) => {
                let now_means = now
                    .as_ref()
                    .map(|now| format!("; tag `{tag}` now means {now}"))
                    .unwrap_or_default();
                self.find(
                    site,
                    &VANISHED,
                    format!("the registry does not have the pinned digest of `{name}`{now_means}"),
                    now.as_ref(),
                );
            }
        }
    }

    fn unpinned(&mut self, site: &Site, digest: Option<&Digest>) {
        let name = site.reference.as_written();
        match &site.slot {
            Slot::Writable { .. } => self.find(site, &UNPINNED, format!("`{name}` has no digest"), digest),
            Slot::Fixed(why) => {
                let message = format!("`{name}` has no digest, and cannot be pinned in place: {why}");
                self.find(site, &UNPINNABLE, message, None);
            }
        }
    }

    fn skip(&mut self, site: &Site, reason: SkipReason) {
        self.plan.skips.push(Skip {
            field: site.field.clone(),
            text: site.reference.as_written().to_owned(),
            span: site.span.clone(),
            reason,
        });
    }

    fn malformed(&mut self, skip: &Skip) {
        let SkipReason::NotAReference(why) = &skip.reason else {
            return;
        };
        let location = self.location(skip.span.clone());
        let message = format!("`{}`: {why}", skip.text.trim());
        self.plan
            .findings
            .push(Finding::new(&INVALID_DIGEST, message, location).with_field(&skip.field));
    }

    fn find(&mut self, site: &Site, rule: &'static Rule, message: String, digest: Option<&Digest>) {
        if let Some(reason) = self
            .filter
            .accepted(rule.code, &self.scan.path, &site.reference.tagged())
        {
            return self.skip(site, SkipReason::Ignored { reason });
        }
        let mut finding = Finding::new(rule, message, self.location(site.span.clone())).with_field(&site.field);
        if let Some((digest, edit)) = digest.and_then(|digest| Some((digest, site.slot.write(digest, self.style)?))) {
            let fix = Fix::new(format!("pin to {digest}"), &self.scan.text, &self.scan.lines, &[edit]);
            finding = finding.with_fix(fix);
        }
        self.plan.findings.push(finding);
    }

    fn write(&mut self, site: &Site, resolution: &Resolution) {
        match (site.slot.write(&resolution.digest, self.style), site.reference.digest()) {
            (Some(edit), _) => self.change(site, Some(resolution.digest.clone()), edit),
            (None, None) => self.unpinned(site, None),
            (None, Some(_)) => self.standing(site, &Standing::Drifted(Some(resolution.digest.clone()))),
        }
    }

    fn change(&mut self, site: &Site, digest: Option<Digest>, edit: Edit) {
        let location = self.location(site.span.clone());
        let before = site.reference.as_written().to_owned();
        self.plan.changes.push(Change {
            location,
            field: site.field.clone(),
            before,
            digest,
            edit,
        });
    }

    fn fail(&mut self, site: &Site, error: &Arc<resolve::Error>) {
        let location = self.location(site.span.clone());
        self.plan.failures.push(Failure {
            location,
            reference: site.reference.as_written().to_owned(),
            error: Arc::clone(error),
        });
    }

    fn location(&self, range: std::ops::Range<usize>) -> Location {
        Location::with_excerpt(&self.scan.shown, &self.scan.text, &self.scan.lines, range)
    }
}
