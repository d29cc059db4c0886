//! Running other programs, and saying how long they took.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The repository's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// The cargo that runs us.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // Build scripts read some of what the outer cargo set for us (ring's does): with it, a chore builds everything
    // after them anew, and so does the next cargo that is run by hand.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_")
            || name.to_string_lossy().starts_with("CARGO_MANIFEST_")
        {
            command.env_remove(name);
        }
    }
    command
}

/// Is this program on the path?
pub fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|p| p.is_file())
}

/// Runs a step with its output shown; an error when it fails.
pub fn step(name: &str, command: &mut Command) -> Result<Duration, String> {
    eprintln!("── {name}");
    let began = Instant::now();
    let status = command.status().map_err(|e| format!("{name} does not start: {e}"))?;
    if status.success() { Ok(began.elapsed()) } else { Err(format!("{name} failed ({status})")) }
}

/// Runs a step, shows its standard output line by line as it comes, and hands each line over.
/// The answer says whether the program succeeded.
pub fn watched(command: &mut Command, mut line: impl FnMut(&str)) -> Result<bool, String> {
    let told = |e: std::io::Error| e.to_string();
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(told)?;
    let output = child.stdout.take().ok_or("no output")?;
    let mut reader = BufReader::new(output);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes).map_err(told)? == 0 {
            break;
        }
        let mut out = std::io::stdout().lock();
        // A closed pipe on our side must not end the tests half-way.
        let _ = out.write_all(&bytes).and_then(|()| out.flush());
        line(String::from_utf8_lossy(&bytes).trim_end());
    }
    Ok(child.wait().map_err(told)?.success())
}

/// "3 min 7 s".
pub fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min {} s", seconds / 60, seconds % 60) }
}
