//! `--expect FILE`: what an image promised, from the JSON that `sockdoctor image` printed of it.

use super::Mistake;
use crate::input;
use crate::text::shown;
use serde::Deserialize;
use sockdoctor_checks::facts::Expectation;
use std::path::Path;

/// The part of that document which is of use here.
#[derive(Deserialize)]
struct Document {
    promises: Option<Expectation>,
}

/// The report of an image with ten kernels has some hundred KiB.
const MOST_MIB: u64 = 16;

/// Reads the promises.
pub(super) fn read(path: &Path) -> Result<Expectation, Mistake> {
    let mistake = |why: String| Mistake(format!("{}: {why}", shown(path)));
    let bytes = input::read(path, MOST_MIB).map_err(mistake)?;
    let document: Document = serde_json::from_slice(&bytes)
        .map_err(|error| mistake(format!("not a report of an image: {error}")))?;
    document.promises.ok_or_else(|| {
        mistake("no promises in it; `sockdoctor image ROOT --format json` prints them".to_owned())
    })
}
