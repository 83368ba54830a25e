//! Signals to processes, without the `kill` of this machine.

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};

/// Sends a signal, and says whether there was a process to take it.
pub fn signal(process: u32, signal: Signal) -> bool {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    kill_process(process.expect("a process id"), signal).is_ok()
}
