//! What is linked when the program starts.

use crate::program::{program, run};

/// The dynamic linker names what it loads, and starts nothing (ld.so(8)).
#[test]
fn libkmod_is_loaded_only_when_it_is_asked() {
    let ran = run(program(&[]).env("LD_TRACE_LOADED_OBJECTS", "1"));
    assert!(ran.stdout.contains("libc."), "{}", ran.stdout);
    assert!(!ran.stdout.contains("libkmod"), "{}", ran.stdout);
}
