//! Which packages brought which files, from the records of dpkg, apk and rpm.

mod apk;
mod dpkg;
pub(super) mod rpm;

use super::there;
use crate::root::Root;
use crate::text::{shown, text};
use sockdoctor_checks::facts::{Fact, Gap, OwnedFile, Package, PackageManager, Why};
use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Directories that are links where /usr is merged. Records may know a file by either name.
const MERGED: [&str; 6] = ["/bin", "/sbin", "/lib", "/lib64", "/usr/sbin", "/usr/lib64"];

/// The packages of `files`. A file that no record names is in no entry. `Missing` without any
/// record.
pub fn owners(root: &dyn Root, files: &[PathBuf]) -> Fact<Vec<OwnedFile>> {
    let mut search = Search::new(root, files);
    let dpkg = dpkg::search(root, &mut search);
    let apk = apk::search(root, &mut search);
    let rpm = rpm::search(root, &mut search);
    let records = [dpkg, apk, rpm];
    let has_records = records.iter().any(|found| matches!(found, Ok(true)));
    let mut gaps: Vec<Gap> = records.into_iter().filter_map(Result::err).collect();
    gaps.append(&mut search.gaps);
    match gaps.first() {
        Some(gap) if !has_records => Fact::Missing(gap.clone()),
        None if !has_records => Fact::Missing(Gap::new("records of packages", Why::Absent)),
        _ => Fact::with_gaps(search.owned(files), gaps),
    }
}

/// The files that are asked for, under all their names, and what was found.
struct Search {
    names: HashMap<Vec<u8>, usize>,
    found: Vec<Option<Package>>,
    gaps: Vec<Gap>,
}

impl Search {
    fn new(root: &dyn Root, files: &[PathBuf]) -> Self {
        let links = MERGED.iter().filter_map(|link| {
            let real = root.real_path(Path::new(link)).ok()?;
            (real != Path::new(link)).then_some((Path::new(*link), real))
        });
        let links: Vec<_> = links.collect();
        let mut names = HashMap::new();
        for (index, file) in files.iter().enumerate() {
            // Where it leads nowhere, its own name is all there is to go by.
            let real = root.real_path(file).unwrap_or_else(|_| file.clone());
            let other = |(link, target): &(&Path, PathBuf)| {
                let inside = real.strip_prefix(target).ok()?;
                Some(link.join(inside))
            };
            let others = links.iter().filter_map(other);
            for name in others.chain([file.clone(), real.clone()]) {
                names.insert(name.as_os_str().as_bytes().to_vec(), index);
            }
        }
        Search {
            names,
            found: vec![None; files.len()],
            gaps: Vec::new(),
        }
    }

    /// Notes that a file of this name is of the package.
    fn claim(&mut self, file: &[u8], manager: PackageManager, name: &str, version: Option<&str>) {
        if let Some(&index) = self.names.get(file) {
            self.found[index].get_or_insert_with(|| Package {
                manager,
                name: name.to_owned(),
                version: version.map(str::to_owned),
            });
        }
    }

    /// Adds versions, by package, to what was found without one.
    fn add_versions(&mut self, versions: &HashMap<String, String>) {
        for package in self.found.iter_mut().flatten() {
            if package.version.is_none() {
                package.version = versions.get(&package.name).cloned();
            }
        }
    }

    fn owned(self, files: &[PathBuf]) -> Vec<OwnedFile> {
        let both = files.iter().zip(self.found);
        let owned = both.filter_map(|(file, package)| {
            Some(OwnedFile {
                path: shown(file),
                package: package?,
            })
        });
        owned.collect()
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|&byte| byte == b'\n')
}

fn field(line: &[u8], key: &str) -> Option<String> {
    let value = line.strip_prefix(key.as_bytes())?;
    Some(text(value.trim_ascii()))
}
