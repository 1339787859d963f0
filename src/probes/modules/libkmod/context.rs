//! The calls of libkmod, made safe. Errors are the codes that the calls return.
#![allow(unsafe_code)] // kmod-sys is the bare interface of a C library.

use super::c_stderr::Silence;
use crate::text::text;
use kmod_sys as sys;
use sockdoctor_checks::facts::Errno;
use std::ffi::{CStr, CString, OsStr, c_char, c_int};
use std::marker::PhantomData;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr::{self, NonNull};

/// A context: a module tree and the configuration, read once.
pub(super) struct Context(NonNull<sys::kmod_ctx>);

/// A list of the configuration.
#[derive(Clone, Copy)]
pub(super) enum List {
    Blacklists,
    Aliases,
    InstallCommands,
}

impl Context {
    /// Reads the configuration in `directories`, or in libkmod's own. `None` when libkmod gives
    /// no context; it does not say why.
    pub(super) fn open(tree: &Path, directories: Option<&[PathBuf]>) -> Option<Self> {
        let tree = c_string(tree.as_os_str()).ok()?;
        let directories = directories.map(c_strings).transpose().ok()?;
        let pointers = directories.as_deref().map(null_terminated);
        let paths = pointers.as_ref().map_or(ptr::null(), Vec::as_ptr);
        let silence = Silence::begin();
        // SAFETY: `tree` is a string, and `paths` is null or a list of strings that ends with
        // null; all of them live until the end of this function, and libkmod copies them.
        let context = unsafe { sys::kmod_new(tree.as_ptr(), paths) };
        let context = NonNull::new(context)?;
        // SAFETY: the context is live. Without a log function libkmod says nothing (kmod_log).
        unsafe { sys::kmod_set_log_fn(context.as_ptr(), None, ptr::null()) };
        drop(silence);
        Some(Context(context))
    }

    /// The modules that modprobe would take `alias` for.
    pub(super) fn lookup(&self, alias: &str) -> Result<Vec<Module<'_>>, Errno> {
        let alias = c_string(OsStr::new(alias))?;
        let mut list = ptr::null_mut();
        // SAFETY: the context is live, `alias` is a string, and `list` is null, as it must be.
        let code =
            unsafe { sys::kmod_module_new_from_lookup(self.0.as_ptr(), alias.as_ptr(), &mut list) };
        checked(code)?;
        Ok(self.take(list))
    }

    /// The module of this name, whether it is there or not.
    pub(super) fn module(&self, name: &str) -> Result<Module<'_>, Errno> {
        let name = c_string(OsStr::new(name))?;
        let mut module = ptr::null_mut();
        // SAFETY: the context is live, `name` is a string, and the result has a place.
        let code =
            unsafe { sys::kmod_module_new_from_name(self.0.as_ptr(), name.as_ptr(), &mut module) };
        checked(code)?;
        let raw = NonNull::new(module).ok_or(Errno::ENOENT)?;
        Ok(Module {
            raw,
            context: PhantomData,
        })
    }

    /// Key and value of each entry, in the order in which they apply. Blacklists have no value.
    pub(super) fn configuration(&self, list: List) -> Vec<(String, String)> {
        let context = self.0.as_ptr();
        // SAFETY: the context is live and outlives the iterator, which is freed below.
        let iterator = unsafe {
            match list {
                List::Blacklists => sys::kmod_config_get_blacklists(context),
                List::Aliases => sys::kmod_config_get_aliases(context),
                List::InstallCommands => sys::kmod_config_get_install_commands(context),
            }
        };
        let mut entries = Vec::new();
        if iterator.is_null() {
            return entries;
        }
        // SAFETY: the iterator is live until it is freed, once. Key and value are null or
        // strings that live as long as the context.
        unsafe {
            while sys::kmod_config_iter_next(iterator) {
                let key = owned(sys::kmod_config_iter_get_key(iterator));
                let value = owned(sys::kmod_config_iter_get_value(iterator));
                entries.extend(key.map(|key| (key, value.unwrap_or_default())));
            }
            sys::kmod_config_iter_free_iter(iterator);
        }
        entries
    }

    /// The modules of a list, which is freed.
    fn take(&self, list: *mut sys::kmod_list) -> Vec<Module<'_>> {
        let mut modules = Vec::new();
        let mut entry = list;
        while !entry.is_null() {
            // SAFETY: `entry` belongs to `list`, which is live. kmod_module_get_module gives a
            // reference of its own, and kmod_list_next gives null at the end.
            let raw = unsafe { sys::kmod_module_get_module(entry) };
            modules.extend(NonNull::new(raw).map(|raw| Module {
                raw,
                context: PhantomData,
            }));
            entry = unsafe { sys::kmod_list_next(list, entry) };
        }
        // SAFETY: `list` is null or live, and nothing points to it any more.
        unsafe { sys::kmod_module_unref_list(list) };
        modules
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: this is the one reference that kmod_new gave. Modules borrow the context.
        unsafe { sys::kmod_unref(self.0.as_ptr()) };
    }
}

/// A module of a context.
pub(super) struct Module<'c> {
    raw: NonNull<sys::kmod_module>,
    context: PhantomData<&'c Context>,
}

impl<'c> Module<'c> {
    pub(super) fn name(&self) -> String {
        // SAFETY: the module is live, and its name is a string that lives as long.
        unsafe { owned(sys::kmod_module_get_name(self.raw.as_ptr())) }.unwrap_or_else(String::new)
    }

    /// The file that modules.dep names, whether it is there or not.
    pub(super) fn path(&self) -> Option<PathBuf> {
        // SAFETY: the module is live, and its path is null or a string that lives as long.
        let path = unsafe { bytes(sys::kmod_module_get_path(self.raw.as_ptr())) }?;
        Some(PathBuf::from(OsStr::from_bytes(path)))
    }

    pub(super) fn is_built_in(&self) -> bool {
        // SAFETY: the module is live.
        let state = unsafe { sys::kmod_module_get_initstate(self.raw.as_ptr()) };
        u32::try_from(state) == Ok(sys::kmod_module_initstate_KMOD_MODULE_BUILTIN)
    }

    /// The command that modprobe runs in the place of loading. A module with soft dependencies
    /// is loaded in spite of one (__kmod_module_fill_softdep, libkmod/libkmod-module.c).
    pub(super) fn install_command(&self) -> Option<String> {
        // SAFETY: the module is live, and the command is null or a string of the context.
        let command = unsafe { owned(sys::kmod_module_get_install_commands(self.raw.as_ptr())) };
        command.filter(|_| !self.has_soft_dependencies())
    }

    fn has_soft_dependencies(&self) -> bool {
        let (mut before, mut after) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: the module is live, and both lists are null before the call, as they must be.
        // After it they are null or live, and freed once.
        unsafe {
            sys::kmod_module_get_softdeps(self.raw.as_ptr(), &mut before, &mut after);
            let some = !before.is_null() || !after.is_null();
            sys::kmod_module_unref_list(before);
            sys::kmod_module_unref_list(after);
            some
        }
    }

    /// The modules that modprobe loads before this one.
    pub(super) fn dependencies(&self, context: &'c Context) -> Vec<Module<'c>> {
        // SAFETY: the module is live, and the list is null or the caller's to free.
        let list = unsafe { sys::kmod_module_get_dependencies(self.raw.as_ptr()) };
        context.take(list)
    }
}

impl Drop for Module<'_> {
    fn drop(&mut self) {
        // SAFETY: this is the one reference that this value holds, and the context is live.
        unsafe { sys::kmod_module_unref(self.raw.as_ptr()) };
    }
}

fn checked(code: c_int) -> Result<(), Errno> {
    if code < 0 { Err(Errno(-code)) } else { Ok(()) }
}

fn c_string(text: &OsStr) -> Result<CString, Errno> {
    CString::new(text.as_bytes()).map_err(|_| Errno::EINVAL)
}

fn c_strings(paths: &[PathBuf]) -> Result<Vec<CString>, Errno> {
    paths
        .iter()
        .map(|path| c_string(path.as_os_str()))
        .collect()
}

fn null_terminated(strings: &[CString]) -> Vec<*const c_char> {
    let pointers = strings.iter().map(|string| string.as_ptr());
    pointers.chain([ptr::null()]).collect()
}

/// # Safety
/// `string` is null or a string that lives for `'a`.
unsafe fn bytes<'a>(string: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise.
    (!string.is_null()).then(|| unsafe { CStr::from_ptr(string) }.to_bytes())
}

/// # Safety
/// `string` is null or a string.
unsafe fn owned(string: *const c_char) -> Option<String> {
    // SAFETY: the caller's promise.
    unsafe { bytes(string) }.map(text)
}
