//! An image: a root that never ran here. It is opened as data, and this says what is in it.

mod at_boot;
mod distribution;
mod kernels;
mod matters;
mod packages;
mod predict;
mod settings;
mod ss;

pub use packages::owners;
pub use predict::predict;

use crate::probes::{boot, io_gap};
use crate::root::{Archive, Directory, Limits, Refused, Root};
use crate::text::shown;
use sockdoctor_checks::facts::{Gap, Image};
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

/// Opens the image at `place`: a directory, a tar stream in a file, or `-` for one on stdin.
///
/// # Errors
/// Why it cannot be judged, to be read after the name of `place`.
pub fn open(place: &Path) -> Result<Box<dyn Root>, Refused> {
    let archive = if place == Path::new("-") {
        Archive::read(std::io::stdin().lock(), matters::matters, Limits::DEFAULT)
    } else if std::fs::metadata(place)?.is_dir() {
        return Ok(Box::new(Directory::open(place)?));
    } else {
        Archive::read(File::open(place)?, matters::matters, Limits::DEFAULT)
    };
    Ok(Box::new(archive?))
}

/// Says what is in `root`.
pub fn collect(root: &dyn Root) -> Image {
    let distribution = distribution::collect(root);
    let named = distribution.as_ref().ok().and_then(Option::as_ref);
    Image {
        kernels: kernels::collect(root),
        boot: boot::collect_in(root),
        ss: ss::collect(root, named),
        distribution: distribution.into(),
    }
}

/// What was read or found out, `None` where there is nothing at `path`.
///
/// # Errors
/// The gap, named after the path.
fn there<T>(path: &Path, result: std::io::Result<T>) -> Result<Option<T>, Gap> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_gap(shown(path), &error)),
    }
}
