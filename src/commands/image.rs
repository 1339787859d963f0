//! `sockdoctor image ROOT`: judges a root that has not booted.

use super::Mistake;
use super::judge::{HERE, applied, judge_all};
use super::selection::Selection;
use crate::exit::Exit;
use crate::policy::Applied;
use crate::text::shown;
use crate::{cli, image};
use std::path::Path;
use std::time::Instant;

pub(super) fn run(options: &cli::Image) -> Result<Exit, Mistake> {
    let selection = Selection::of_image(&options.selection)?;
    let policy = match found(options, beside(&options.root))? {
        None => found(options, Path::new(HERE))?,
        beside => beside,
    };
    let clock = Instant::now();
    let name = shown(&options.root);
    let root = image::open(&options.root).map_err(|why| Mistake(format!("{name} {why}")))?;
    let mut all = image::predict(&name, root.as_ref());
    for facts in &mut all {
        let took = clock.elapsed().as_micros();
        facts.collection.duration_micros = u64::try_from(took).unwrap_or(u64::MAX);
    }
    judge_all(&all, &selection, policy.as_ref(), &options.output, false)
}

/// The policy that is named, or that of `folder`. An image does not bring its own: what it
/// accepts is not for it to say.
fn found(options: &cli::Image, folder: &Path) -> Result<Option<Applied>, Mistake> {
    let policy = applied(&options.policy, folder)?;
    match &policy {
        Some(policy) if options.policy.config.is_none() && holds(&options.root, folder) => {
            let path = &policy.path;
            let why = format!("{path} lies in the image itself; --config {path} applies it");
            Err(Mistake(why))
        }
        _ => Ok(policy),
    }
}

/// Whether `folder` is in the directory `root`, or is it.
fn holds(root: &Path, folder: &Path) -> bool {
    let real = |path: &Path| Path::new(".").join(path).canonicalize();
    match (real(root), real(folder)) {
        (Ok(root), Ok(folder)) => root.is_dir() && folder.starts_with(root),
        _ => false,
    }
}

/// The folder that holds the image. The policy of the working directory is meant where the image
/// is there or comes through a pipe.
fn beside(root: &Path) -> &Path {
    match root.parent() {
        Some(folder) if root != Path::new("-") => folder,
        _ => Path::new(HERE),
    }
}
