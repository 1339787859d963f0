//! The indexes of a module tree. kmod reads the binary ones alone, in all versions.

use super::index::Index;
use crate::probes::io_gap;
use crate::probes::work::Work;
use crate::root::Root;
use crate::text::{shown, text};
use sockdoctor_checks::facts::Gap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub(super) struct Indexes<'r> {
    /// Files and what they need, by module.
    pub(super) depends: Lazy<'r>,
    pub(super) aliases: Lazy<'r>,
    pub(super) symbols: Lazy<'r>,
    pub(super) built_in: Lazy<'r>,
    pub(super) built_in_aliases: Lazy<'r>,
}

impl<'r> Indexes<'r> {
    pub(super) fn new(root: &'r dyn Root, tree: &Path) -> Self {
        let lazy = |name: &str| Lazy {
            root,
            path: tree.join(name),
            index: OnceLock::new(),
        };
        Indexes {
            depends: lazy("modules.dep.bin"),
            aliases: lazy("modules.alias.bin"),
            symbols: lazy("modules.symbols.bin"),
            built_in: lazy("modules.builtin.bin"),
            built_in_aliases: lazy("modules.builtin.alias.bin"),
        }
    }
}

/// An index that is read once, and only if it is asked.
pub(super) struct Lazy<'r> {
    root: &'r dyn Root,
    path: PathBuf,
    index: OnceLock<Result<Option<Index>, Gap>>,
}

impl Lazy<'_> {
    /// The first value of a key.
    pub(super) fn first(&self, key: &str, work: &mut Work) -> Result<Option<&[u8]>, Gap> {
        let index = self.index()?;
        index.map_or(Ok(None), |index| index.search(key.as_bytes(), work))
    }

    pub(super) fn has(&self, key: &str, work: &mut Work) -> Result<bool, Gap> {
        Ok(self.first(key, work)?.is_some())
    }

    /// The modules whose alias matches.
    pub(super) fn modules_of(&self, alias: &str, work: &mut Work) -> Result<Vec<String>, Gap> {
        let Some(index) = self.index()? else {
            return Ok(Vec::new());
        };
        let found = index.search_patterns(alias.as_bytes(), work)?;
        Ok(found.into_iter().map(text).collect())
    }

    /// One that is not there says nothing: depmod was not run. An empty one says nothing either:
    /// depmod leaves it where modules.builtin.modinfo is missing.
    fn index(&self) -> Result<Option<&Index>, Gap> {
        let index = self.index.get_or_init(|| match self.root.read(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_gap(shown(&self.path), &error)),
            Ok(bytes) if bytes.is_empty() => Ok(None),
            Ok(bytes) => Index::new(shown(&self.path), bytes).map(Some),
        });
        index.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }
}
