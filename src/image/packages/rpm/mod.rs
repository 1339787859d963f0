//! The database of rpm: a header for every installed package, in a file of one of three formats.
//! No C code reads a byte of it, and what it can make these readers do is bounded by its size.

mod berkeley;
mod bytes;
mod damage;
mod header;
mod ndb;
mod pages;
mod places;
mod sqlite;

pub(in crate::image) use places::{is_database, is_journal};

use super::Search;
use crate::probes::io_gap;
use crate::root::Root;
use crate::text::{shown, text};
use header::{File, Header};
use sockdoctor_checks::facts::{Gap, PackageManager};
use std::collections::HashMap;

/// More than any package has, in bytes. rpm takes 256 MiB (headerMaxbytes, lib/header.cc).
const HEADER_LIMIT: usize = 64 << 20;

/// True when there is a database of rpm.
///
/// # Errors
/// One that is there and of which no package can be read.
pub(super) fn search(root: &dyn Root, search: &mut Search) -> Result<bool, Gap> {
    let Some((path, read)) = places::find(root)? else {
        return Ok(false);
    };
    let shown = shown(&path);
    let file = root.open(&path).map_err(|error| io_gap(&shown, &error))?;
    let mut found = Found::new(search);
    let stopped = read(&*file, &mut |header| found.add(header)).err();
    let stopped = stopped.map(|damage| damage.gap(&shown));
    if let (0, Some(gap)) = (found.headers, &stopped) {
        return Err(gap.clone());
    }
    let (owners, unusable) = found.end();
    for (file, Owner { name, version }) in owners {
        search.claim(&file, PackageManager::Rpm, &name, version.as_deref());
    }
    let unusable = unusable.map(|unusable| unusable.gap(&shown));
    search.gaps.extend(unusable.into_iter().chain(stopped));
    Ok(true)
}

/// What the headers say of the files that are asked for.
struct Found<'a> {
    /// By the last part of their paths.
    wanted: HashMap<&'a [u8], Vec<Wanted<'a>>>,
    /// By path, the first package that has it.
    owners: HashMap<&'a [u8], Owner>,
    headers: usize,
    unusable: Option<Unusable>,
}

/// A file whose package is asked for.
struct Wanted<'a> {
    /// With a slash at its end.
    directory: &'a [u8],
    path: &'a [u8],
}

struct Owner {
    name: String,
    version: Option<String>,
}

/// Headers that cannot be used.
struct Unusable {
    /// Which of all the first is, counted from 1.
    first: usize,
    why: String,
    count: usize,
}

impl<'a> Found<'a> {
    fn new(search: &'a Search) -> Self {
        let mut wanted: HashMap<&[u8], Vec<Wanted>> = HashMap::new();
        for path in search.names.keys() {
            let name = path.iter().rposition(|&byte| byte == b'/');
            let (directory, name) = path.split_at(name.map_or(0, |slash| slash + 1));
            wanted
                .entry(name)
                .or_default()
                .push(Wanted { directory, path });
        }
        Found {
            wanted,
            owners: HashMap::new(),
            headers: 0,
            unusable: None,
        }
    }

    fn add(&mut self, header: &[u8]) {
        self.headers += 1;
        if let Err(why) = self.add_usable(header) {
            let first = self.headers;
            let unusable = self.unusable.get_or_insert(Unusable {
                first,
                why,
                count: 0,
            });
            unusable.count += 1;
        }
    }

    fn add_usable(&mut self, header: &[u8]) -> Result<(), String> {
        let header = Header::new(header)?;
        let files = header.files(|name| self.wanted.contains_key(name))?;
        for File { directory, name } in files {
            let wanted = self.wanted.get(name).into_iter().flatten();
            for Wanted { path, .. } in wanted.filter(|wanted| wanted.directory == directory) {
                if !self.owners.contains_key(path) {
                    let name = text(header.name()?);
                    let version = header.version()?.map(|version| text(&version));
                    self.owners.insert(path, Owner { name, version });
                }
            }
        }
        Ok(())
    }

    fn end(self) -> (Vec<(Vec<u8>, Owner)>, Option<Unusable>) {
        let owners = self.owners.into_iter();
        let owners = owners.map(|(path, owner)| (path.to_vec(), owner));
        (owners.collect(), self.unusable)
    }
}

impl Unusable {
    fn gap(self, path: &str) -> Gap {
        let Unusable { first, why, count } = self;
        let others = match count {
            1 => String::new(),
            _ => format!(", and {} more like it", count - 1),
        };
        Gap::malformed(path, format!("package {first} in it: {why}{others}"))
    }
}
