//! The records of dpkg: a list of files for each package, and the versions in one file.
//! Distroless images have a file for each package in status.d, with a list of checksums beside.

use super::{Search, field, lines, there};
use crate::probes::io_gap;
use crate::root::Root;
use crate::text::{shown, text};
use sockdoctor_checks::facts::{Gap, PackageManager};
use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

const INFO: &str = "/var/lib/dpkg/info";
const STATUS: &str = "/var/lib/dpkg/status";
const STATUS_D: &str = "/var/lib/dpkg/status.d";

/// True when there are records of dpkg.
///
/// # Errors
/// A directory of them that is there and cannot be listed.
pub(super) fn search(root: &dyn Root, search: &mut Search) -> Result<bool, Gap> {
    let has_lists = each_file(root, search, INFO, ".list", |search, list, bytes| {
        // `libc6:amd64.list` where a package can be there for two architectures.
        let package = list.split_once(':').map_or(list, |(package, _)| package);
        for path in lines(bytes) {
            search.claim(path, PackageManager::Dpkg, package, None);
        }
    })?;
    if has_lists {
        add_versions(root, search, Path::new(STATUS));
    }
    Ok(has_lists | distroless(root, search)?)
}

fn distroless(root: &dyn Root, search: &mut Search) -> Result<bool, Gap> {
    let claim = |search: &mut Search, package: &str, sums: &[u8]| {
        for path in lines(sums).filter_map(summed) {
            search.claim(&path, PackageManager::Dpkg, package, None);
        }
    };
    let is_there = each_file(root, search, STATUS_D, ".md5sums", claim)?;
    each_file(root, search, STATUS_D, "", |search, _, status| {
        search.add_versions(&versions(status));
    })?;
    Ok(is_there)
}

/// The path in a line of md5sums, which has none of the slashes before it.
fn summed(line: &[u8]) -> Option<Vec<u8>> {
    let at = line.windows(2).position(|blanks| blanks == b"  ")?;
    Some([b"/", &line[at + 2..]].concat())
}

fn add_versions(root: &dyn Root, search: &mut Search, status: &Path) {
    match root.read(status) {
        Ok(bytes) => search.add_versions(&versions(&bytes)),
        Err(error) => search.gaps.push(io_gap(shown(status), &error)),
    }
}

/// Reads the files of a directory whose names end so. False when there is no such directory.
fn each_file(
    root: &dyn Root,
    search: &mut Search,
    directory: &str,
    end: &str,
    mut read: impl FnMut(&mut Search, &str, &[u8]),
) -> Result<bool, Gap> {
    let directory = Path::new(directory);
    let Some(entries) = there(directory, root.list(directory))? else {
        return Ok(false);
    };
    for entry in entries {
        let name = text(entry.name.as_bytes());
        let Some(package) = name.strip_suffix(end) else {
            continue;
        };
        let path = directory.join(&entry.name);
        match root.read(&path) {
            Ok(bytes) => read(search, package, &bytes),
            Err(error) => search.gaps.push(io_gap(shown(&path), &error)),
        }
    }
    Ok(true)
}

/// Versions by package, of paragraphs as in deb822(5).
fn versions(status: &[u8]) -> HashMap<String, String> {
    let mut versions = HashMap::new();
    let mut package = None;
    for line in lines(status) {
        if line.is_empty() {
            package = None;
        } else if let Some(name) = field(line, "Package:") {
            package = Some(name);
        } else if let (Some(version), Some(name)) = (field(line, "Version:"), &package) {
            versions.insert(name.clone(), version);
        }
    }
    versions
}
