//! Loads libkmod when it is first asked, and not with the program.
//!
//! libkmod brings libcrypto, liblzma and libzstd along. Linking them takes longer than a run of
//! few checks, and most such runs ask for no module. So the functions of libkmod that the crate
//! kmod and this one call are defined here under their own names. The linker finds them before
//! it looks into libkmod, and leaves that out (`--as-needed`). Where there is no libkmod the
//! program starts all the same, and `kmod_new` gives no context.
#![allow(unsafe_code)] // Passes on the calls to a C library.

use kmod_sys::{kmod_config_iter, kmod_ctx, kmod_list, kmod_module};
use libloading::Library;
use std::ffi::{c_char, c_int, c_void};
use std::sync::LazyLock;

/// The interface has had this version since 2011.
const LIBRARY: &str = "libkmod.so.2";

static LIBKMOD: LazyLock<Result<Libkmod, libloading::Error>> = LazyLock::new(Libkmod::open);

/// Why libkmod could not be loaded, when it could not.
pub(super) fn failure() -> Option<String> {
    LIBKMOD.as_ref().err().map(ToString::to_string)
}

macro_rules! on_demand {
    ($(fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*) => {
        struct Libkmod {
            $($name: unsafe extern "C" fn($($type),*) $(-> $result)?,)*
            _library: Library,
        }

        impl Libkmod {
            fn open() -> Result<Self, libloading::Error> {
                // SAFETY: what libkmod and its libraries do when they are loaded is what they
                // do when they are linked. The signatures are those of libkmod.h, and the
                // functions are kept together with their library.
                unsafe {
                    let library = Library::new(LIBRARY)?;
                    Ok(Libkmod {
                        $($name: *library.get(stringify!($name).as_bytes())?,)*
                        _library: library,
                    })
                }
            }
        }

        $(#[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: $type),*) $(-> $result)? {
            match &*LIBKMOD {
                // SAFETY: the caller keeps to what libkmod demands.
                Ok(libkmod) => unsafe { (libkmod.$name)($($argument),*) },
                // SAFETY: null, 0, false and () are values of what these functions return. Only
                // `kmod_new` is called without a context, and its null is a failure.
                Err(_) => unsafe { std::mem::zeroed() },
            }
        })*
    };
}

on_demand! {
    fn kmod_new(tree: *const c_char, directories: *const *const c_char) -> *mut kmod_ctx;
    fn kmod_unref(context: *mut kmod_ctx) -> *mut kmod_ctx;
    fn kmod_get_dirname(context: *const kmod_ctx) -> *const c_char;
    fn kmod_set_log_fn(context: *mut kmod_ctx, log: *const c_void, data: *const c_void);
    fn kmod_list_next(list: *const kmod_list, entry: *const kmod_list) -> *mut kmod_list;
    fn kmod_config_get_aliases(context: *const kmod_ctx) -> *mut kmod_config_iter;
    fn kmod_config_get_blacklists(context: *const kmod_ctx) -> *mut kmod_config_iter;
    fn kmod_config_get_install_commands(context: *const kmod_ctx) -> *mut kmod_config_iter;
    fn kmod_config_iter_next(iterator: *mut kmod_config_iter) -> bool;
    fn kmod_config_iter_get_key(iterator: *const kmod_config_iter) -> *const c_char;
    fn kmod_config_iter_get_value(iterator: *const kmod_config_iter) -> *const c_char;
    fn kmod_config_iter_free_iter(iterator: *mut kmod_config_iter);
    fn kmod_module_new_from_lookup(context: *mut kmod_ctx, alias: *const c_char, list: *mut *mut kmod_list) -> c_int;
    fn kmod_module_new_from_name(context: *mut kmod_ctx, name: *const c_char, module: *mut *mut kmod_module) -> c_int;
    fn kmod_module_unref(module: *mut kmod_module) -> *mut kmod_module;
    fn kmod_module_unref_list(list: *mut kmod_list) -> c_int;
    fn kmod_module_get_module(entry: *const kmod_list) -> *mut kmod_module;
    fn kmod_module_get_name(module: *const kmod_module) -> *const c_char;
    fn kmod_module_get_path(module: *const kmod_module) -> *const c_char;
    fn kmod_module_get_initstate(module: *const kmod_module) -> c_int;
    fn kmod_module_get_install_commands(module: *const kmod_module) -> *const c_char;
    fn kmod_module_get_dependencies(module: *const kmod_module) -> *mut kmod_list;
    fn kmod_module_get_softdeps(module: *const kmod_module, before: *mut *mut kmod_list, after: *mut *mut kmod_list) -> c_int;
    fn kmod_module_get_info(module: *const kmod_module, list: *mut *mut kmod_list) -> c_int;
    fn kmod_module_info_get_key(entry: *const kmod_list) -> *const c_char;
    fn kmod_module_info_get_value(entry: *const kmod_list) -> *const c_char;
    fn kmod_module_info_free_list(list: *mut kmod_list);
}
