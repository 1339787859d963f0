//! What checks say of a machine, told of an image: a setting is a line of its sysctl.d or a
//! default, and a remedy changes files.

use crate::facts::{Fact, Facts, OwnedFile, Package, Why};
use crate::finding::{Evidence, Finding, Remedy, Source, Step, Subject};

/// The finding as it must be read of an image. Unchanged for a machine.
pub(crate) fn told(facts: &Facts, mut finding: Finding) -> Finding {
    let Some(image) = facts.origin.image() else {
        return finding;
    };
    let release = facts.kernel.release.value().filter(|_| image.has_kernel);
    finding.subject = match release {
        Some(release) => Subject::Kernels(vec![release.clone()]),
        None => Subject::Host,
    };
    finding.evidence = finding
        .evidence
        .into_iter()
        .map(|evidence| of_package(&image.packages, setting(facts, evidence)))
        .collect();
    finding.remedy = finding.remedy.map(|given| remedy(facts, given));
    finding
}

/// The remedy as it must be carried out in an image. Unchanged for a machine.
pub(crate) fn remedy(facts: &Facts, remedy: Remedy) -> Remedy {
    if facts.origin.image().is_none() {
        return remedy;
    }
    let steps = remedy.now.into_iter().chain(remedy.keep);
    let mut keep = Vec::new();
    for step in steps.filter_map(in_files) {
        if !keep.contains(&step) {
            keep.push(step);
        }
    }
    Remedy {
        now: Vec::new(),
        keep,
    }
}

fn setting(facts: &Facts, evidence: Evidence) -> Evidence {
    let Source::Sysctl { name, .. } = &evidence.source else {
        return evidence;
    };
    match facts.boot.line(name) {
        Some(line) => Evidence::at(line.place.clone(), format!("{name} = {}", line.value)),
        None => Evidence {
            says: format!("{}, as the kernel starts with", evidence.says),
            ..evidence
        },
    }
}

/// Adds the package that brought a file.
fn of_package(packages: &Fact<Vec<OwnedFile>>, mut evidence: Evidence) -> Evidence {
    let Source::File(place) = &evidence.source else {
        return evidence;
    };
    let mut owned = packages.value().into_iter().flatten();
    let known = owned.find(|owned| owned.path == place.path);
    let package = match (known, packages.gaps().first()) {
        (Some(owned), _) => {
            let Package { name, version, .. } = &owned.package;
            let version = version.as_ref().map_or(String::new(), |v| format!(" {v}"));
            format!("of the package {name}{version}")
        }
        (None, Some(gap)) if gap.why != Why::Absent => format!("its package is not known: {gap}"),
        (None, _) => return evidence,
    };
    evidence.says = format!("{} ({package})", evidence.says);
    evidence
}

/// What a step changes in files, `None` for one that is about a kernel that runs.
fn in_files(step: Step) -> Option<Step> {
    match step {
        Step::Run(_) => None,
        // Whoever reads this sits at another machine, which it would change.
        Step::Write(what) | Step::Do(what) => Some(Step::Do(format!("in the image: {what}"))),
    }
}
