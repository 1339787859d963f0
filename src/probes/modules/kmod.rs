//! The questions about modules that modprobe asks of libkmod.

use super::modprobe_d::{Configuration, Directive};
use sockdoctor_checks::facts::{Gap, RuleKind};
use std::path::PathBuf;

/// Who answers them: libkmod, or the reader that needs no C.
pub(super) trait Kmod {
    /// The names of the modules that modprobe would take `alias` for.
    fn lookup(&self, alias: &str) -> Result<Vec<String>, Gap>;

    /// What the indexes say of the module of this name.
    fn module(&self, name: &str) -> Result<Module, Gap>;

    /// The command that modprobe runs in the place of loading. A module with soft dependencies
    /// is loaded in spite of one (__kmod_module_fill_softdep, libkmod/libkmod-module.c).
    fn install_command(&self, name: &str) -> Result<Option<String>, Gap>;

    /// All rules of one kind, in the order in which they apply.
    fn directives(&self, kind: RuleKind) -> Vec<Directive>;

    /// What is written, and where.
    fn configuration(&self) -> &Configuration;
}

/// What the indexes say of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Module {
    /// It is compiled in.
    pub(super) built_in: bool,
    /// The file that modules.dep names, whether it is there or not.
    pub(super) file: Option<PathBuf>,
    /// The modules that modprobe loads before this one. None where a file of one is gone: then
    /// modprobe tries without.
    pub(super) dependencies: Vec<String>,
}
