//! Roots that never ran here: directories and archives, whole, damaged and hostile.

mod archives;
mod hostile;
mod inventory;
mod packed;
mod support;
