//! `sockdoctor image ROOT`: judges a root that has not booted.

use super::Mistake;
use super::judge::{HERE, applied, judge_all};
use super::selection::Selection;
use crate::exit::Exit;
use crate::text::shown;
use crate::{cli, image};
use std::path::Path;
use std::time::Instant;

pub(super) fn run(options: &cli::Image) -> Result<Exit, Mistake> {
    let selection = Selection::of_image(&options.selection)?;
    let policy = match applied(&options.policy, beside(&options.root))? {
        None => applied(&options.policy, Path::new(HERE))?,
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

/// The folder that holds the image. The policy of the working directory is meant where the image
/// is there or comes through a pipe.
fn beside(root: &Path) -> &Path {
    match root.parent() {
        Some(folder) if root != Path::new("-") => folder,
        _ => Path::new(HERE),
    }
}
