//! What the tests need besides Rust, and how it comes here.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{find, root, step};

/// The rules that judge the pages. Fetched by name, never kept in the repository: its licence is
/// another than ours.
const AXE: (&str, &str) = ("axe-core", "4.14.1");

/// The server that speaks S3 and checks who asks. Fetched by name into `target/python`.
const MOTO: (&str, &str) = ("moto[server,s3,iam]", "5.2.5");

/// Something that a Debian package brings.
struct Tool {
    package: &'static str,
    what: &'static str,
    is_here: fn() -> bool,
}

const POSTGRES: Tool =
    Tool { package: "postgresql", what: "PostgreSQL's server programs", is_here: has_postgres };
const CHROMIUM: Tool = Tool { package: "chromium", what: "Chromium", is_here: || find("chromium").is_some() };
const DRIVER: Tool =
    Tool { package: "chromium-driver", what: "ChromeDriver", is_here: || find("chromedriver").is_some() };
const NPM: Tool = Tool {
    package: "npm",
    what: "npm (which fetches axe-core)",
    is_here: || axe_file().is_file() || find("npm").is_some(),
};
const COMPILER: Tool = Tool {
    package: "build-essential",
    what: "a C compiler and make",
    is_here: || find("cc").is_some() && find("make").is_some(),
};
const PERL: Tool =
    Tool { package: "perl", what: "perl (which builds OpenSSL)", is_here: || find("perl").is_some() };

/// What the stories ask about a PDF.
const QPDF: Tool = Tool { package: "qpdf", what: "qpdf", is_here: || find("qpdf").is_some() };
const POPPLER: Tool =
    Tool { package: "poppler-utils", what: "poppler's tools", is_here: || find("pdftotext").is_some() };

/// What looks for viruses in uploaded files. The stories bring their own signatures and settings.
const CLAMD: Tool = Tool { package: "clamav-daemon", what: "clamd", is_here: has_clamd };

/// What runs the bucket of the stories. `ensurepip` comes with Debian's package for virtual environments.
const PYTHON: Tool = Tool {
    package: "python3-venv",
    what: "Python 3 with ensurepip",
    is_here: || moto_marker().is_file() || has_python(),
};

fn has_python() -> bool {
    Command::new("python3")
        .args(["-c", "import ensurepip, venv"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn has_clamd() -> bool {
    Path::new("/usr/sbin/clamd").is_file() || find("clamd").is_some()
}

fn has_postgres() -> bool {
    let in_debian = std::fs::read_dir("/usr/lib/postgresql")
        .is_ok_and(|mut all| all.any(|v| v.is_ok_and(|v| v.path().join("bin/initdb").is_file())));
    in_debian || (find("initdb").is_some() && find("pg_ctl").is_some())
}

/// What the parts of the test run need.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// PostgreSQL.
    pub postgres: bool,
    /// clamd, and the server of a bucket.
    pub scanner: bool,
    /// Chromium, its driver, axe-core.
    pub browser: bool,
}

/// Installs what is missing, or says in one line what is.
pub fn provide(needs: Needs) -> Result<(), String> {
    let mut wanted = vec![&COMPILER, &PERL];
    if needs.postgres {
        wanted.extend([&POSTGRES, &QPDF, &POPPLER]);
    }
    if needs.scanner {
        wanted.extend([&CLAMD, &PYTHON]);
    }
    if needs.browser {
        wanted.extend([&CHROMIUM, &DRIVER, &NPM]);
    }
    let missing: Vec<&Tool> = wanted.into_iter().filter(|tool| !(tool.is_here)()).collect();
    if !missing.is_empty() {
        install(&missing)?;
        if let Some(tool) = missing.iter().find(|tool| !(tool.is_here)()) {
            return Err(format!("{} did not come with the package {}", tool.what, tool.package));
        }
    }
    if needs.scanner {
        fetch_moto()?;
    }
    if needs.browser {
        fetch_axe()?;
        fetch_noto()?;
    }
    Ok(())
}

fn install(missing: &[&Tool]) -> Result<(), String> {
    let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    let list = packages.join(" ");
    let whats: Vec<&str> = missing.iter().map(|tool| tool.what).collect();
    if !is_root() || find("apt-get").is_none() {
        return Err(format!("{} missing: install the Debian packages {list}", whats.join(", ")));
    }
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null()).stdin(Stdio::null());
        command
    };
    step("apt-get update", apt().args(["-qq", "update"]))?;
    // PostgreSQL's package would start a server of its own; the tests bring their own.
    let guard = NoServices::raise();
    let outcome = step(
        &format!("apt-get install {list}"),
        apt().args(["-qq", "-y", "--no-install-recommends", "install"]).args(&packages),
    );
    drop(guard);
    outcome.map(drop)
}

/// Debian asks this file before it starts a service.
struct NoServices(Option<PathBuf>);

impl NoServices {
    fn raise() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let path = Path::new("/usr/sbin/policy-rc.d");
        if path.exists() || std::fs::write(path, "#!/bin/sh\nexit 101\n").is_err() {
            return Self(None);
        }
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755));
        Self(Some(path.to_owned()))
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}

/// Written once all of it is there, with its version in the name. `tests/support/stored.rs` runs what lies beside it.
fn moto_marker() -> PathBuf {
    root().join(format!("target/python/moto-{}", MOTO.1))
}

fn fetch_moto() -> Result<(), String> {
    let (name, version) = MOTO;
    if moto_marker().is_file() {
        return Ok(());
    }
    let folder = root().join("target/python");
    step("python3 -m venv", Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    step(
        &format!("pip install {name}=={version}"),
        Command::new(folder.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--only-binary",
                ":all:",
            ])
            .arg(format!("{name}=={version}")),
    )?;
    std::fs::write(moto_marker(), "").map_err(|e| e.to_string())
}

/// Where axe-core stands once it was fetched; `tests/browser` reads it there.
fn axe_file() -> PathBuf {
    root().join("target/axe/node_modules/axe-core/axe.min.js")
}

fn fetch_axe() -> Result<(), String> {
    let (name, version) = AXE;
    let package = root().join("target/axe/node_modules/axe-core/package.json");
    let present = std::fs::read_to_string(package).unwrap_or_default();
    if axe_file().is_file() && present.contains(&format!("\"version\": \"{version}\"")) {
        return Ok(());
    }
    let Some(npm) = find("npm") else {
        return Err(format!("npm is missing, and with it {name}: install the Debian package npm"));
    };
    let folder = root().join("target/axe");
    std::fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    // A file of its own, so that npm does not look for one further up.
    std::fs::write(folder.join("package.json"), "{\"private\": true}\n").map_err(|e| e.to_string())?;
    step(
        &format!("npm install {name}@{version}"),
        Command::new(npm)
            .current_dir(&folder)
            .args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"])
            .arg(format!("{name}@{version}")),
    )?;
    if axe_file().is_file() { Ok(()) } else { Err(format!("npm did not bring {name}")) }
}

/// The second set of fonts that the pages are looked at with. Unpacked into `target`, so that the machine's own
/// pages keep their fonts; `tests/browser/fonts.rs` reads it there.
fn fetch_noto() -> Result<(), String> {
    const PACKAGE: &str = "fonts-noto-core";
    let inside = Path::new("usr/share/fonts/truetype/noto");
    let folder = root().join("target/fonts");
    if Path::new("/").join(inside).is_dir() || folder.join(inside).is_dir() {
        return Ok(());
    }
    if find("apt-get").is_none() || find("dpkg").is_none() {
        return Err(format!("the Noto fonts are missing: install the Debian package {PACKAGE}"));
    }
    std::fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    step(
        &format!("apt-get download {PACKAGE}"),
        Command::new("apt-get").current_dir(&folder).args(["-qq", "download", PACKAGE]).stdout(Stdio::null()),
    )?;
    let files = std::fs::read_dir(&folder).map_err(|e| e.to_string())?;
    let package =
        files.flatten().map(|file| file.path()).find(|path| path.extension().is_some_and(|e| e == "deb"));
    let package = package.ok_or_else(|| format!("apt-get did not bring {PACKAGE}"))?;
    step(&format!("unpacking {PACKAGE}"), Command::new("dpkg").arg("-x").arg(&package).arg(&folder))?;
    let _ = std::fs::remove_file(package);
    if folder.join(inside).is_dir() {
        Ok(())
    } else {
        Err(format!("{PACKAGE} does not hold {}", inside.display()))
    }
}
