//! Roots that never ran here: directories and archives, whole, damaged and hostile.

#[path = "../support/program.rs"]
#[allow(dead_code)] // what these tests do not ask for, others do
mod program;
#[path = "../support/scene.rs"]
#[allow(dead_code)] // the same
mod scene;

mod archives;
mod command;
mod expect;

mod hostile;
mod inventory;
mod packed;
mod rpm;
mod support;
