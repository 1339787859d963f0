//! The real program in hard situations: each test makes one, runs the program in it, and holds
//! exit code and report against what is true there. Needs root and what `tests/run` installs.

mod blind;
mod listeners;
mod live;
mod namespaces;
mod observer;
mod options;
mod output;
mod queues;
mod readme;
mod sandbox;
mod ss;
mod support;
mod watch;
