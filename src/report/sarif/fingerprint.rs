//! What a result is recognised by in a later run: GitHub would else take every upload for new.

use super::place;
use sockdoctor_checks::check::Group;
use sockdoctor_checks::diagnosis::CheckResult;
use sockdoctor_checks::finding::Finding;
use std::collections::BTreeMap;
use twox_hash::XxHash64;

/// The one name that GitHub reads, and makes up itself where it has the file.
const NAME: &str = "primaryLocationLineHash";

/// The `partialFingerprints` of a log (§3.27.17).
#[derive(Default)]
pub(super) struct Fingerprints {
    /// How often each was given: two results may be about the same file.
    given: BTreeMap<u64, u32>,
}

impl Fingerprints {
    /// That of `finding`: its check, what it is about and the file to blame. Neither its numbers
    /// nor the line, which both move while the trouble stays.
    pub(super) fn of(
        &mut self,
        result: &CheckResult,
        finding: &Finding,
    ) -> BTreeMap<&'static str, String> {
        let file = place::lines(&finding.evidence).next();
        let blamed = match result.check.group {
            // The policy is no file of the machine, and may lie elsewhere the next time.
            Group::Policy => Some(finding.summary.clone()),
            _ => file.map(|(place, ..)| place.path.clone()),
        };
        let parts = std::iter::once(result.check.id.to_owned())
            .chain(place::names(&finding.subject))
            .chain(blamed);
        let text: Vec<String> = parts.collect();
        let hash = XxHash64::oneshot(0, text.join("\n").as_bytes());
        let number = self.given.entry(hash).or_default();
        *number += 1;
        [(NAME, format!("{hash:016x}:{number}"))].into()
    }
}
