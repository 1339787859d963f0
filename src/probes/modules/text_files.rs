//! The module tree as text: modules.builtin, modules.dep and modules.alias.

use super::tree::module_name;
use sockdoctor_checks::facts::DiagModule;
use std::path::Path;

/// True when modules.builtin names the module. A file that is not there says nothing.
pub(super) fn is_built_in(tree: &Path, module: DiagModule) -> bool {
    let Ok(text) = std::fs::read_to_string(tree.join("modules.builtin")) else {
        return false;
    };
    let name = Some(module.name().to_owned());
    text.lines()
        .any(|line| module_name(Path::new(line)) == name)
}

#[cfg(not(feature = "libkmod"))]
mod resolver;
#[cfg(not(feature = "libkmod"))]
pub(super) use resolver::Resolver;
