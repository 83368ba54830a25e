//! The static program and the installer where there is next to nothing: in a root of their own,
//! without a network. `scripts/check` leaves these out, and says so, if no static program can be
//! built here.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::release::{release_of, target};
use super::support::{Program, Run, which};

/// What the installer calls, beside a shell; the others are the test's own.
const NEEDED: &str = "uname mktemp cut sha256sum tar gzip mkdir cp mv rm rmdir dirname wget";
const OURS: &str = "sh httpd mount find head sleep kill";

/// The static program, which `scripts/check` has built: that may take longer than a test may.
fn static_program() -> PathBuf {
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let program = built.join(target()).join("debug/heroku-chat");
    assert!(program.exists(), "scripts/check builds it");
    program
}

/// A folder that becomes the root.
fn root(program: &Program) -> PathBuf {
    let root = program.folder.path().join("root");
    fs::create_dir(&root).unwrap();
    root
}

/// Runs a command in this root, whose network is its own loopback.
fn run_in(root: &Path, program: &Program, command: &[&str]) -> Run {
    let enter = "busybox ip link set lo up && exec chroot \"$@\"";
    let mut all = vec!["-rmn", "--pid", "--fork", "--kill-child", "sh", "-c", enter];
    all.extend(["-", root.to_str().unwrap()].iter().chain(command));
    let mut process = program.process_of(&which("unshare"), &all);
    process.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    Run::of(process, "")
}

#[test]
fn the_static_program_needs_nothing_but_itself() {
    let program = Program::new();
    let root = root(&program);
    fs::copy(static_program(), root.join("heroku-chat")).unwrap();
    let version = run_in(&root, &program, &["/heroku-chat", "--version"]);
    let said = format!("heroku-chat {}\n", env!("CARGO_PKG_VERSION"));
    version.expect_code(0).expect_output(&said);
    run_in(&root, &program, &["/heroku-chat", "ask", "--sandbox", "hi"])
        .expect_code(0)
        .expect_output("hi\n");
}

#[test]
fn the_installer_needs_a_shell_and_little_else() {
    static RELEASE: OnceLock<PathBuf> = OnceLock::new();
    let release = RELEASE.get_or_init(|| release_of(&static_program(), "static"));
    let script = r#"
        export HEROKU_CHAT_RELEASE=http://127.0.0.1
        httpd -p 127.0.0.1:80 -h /assets
        wget -q -O - http://127.0.0.1/install.sh | sh >/dev/null; echo "installed: $?"
        PATH=/home/.local/bin:$PATH
        heroku-chat ask --sandbox hello
        heroku-chat ask --sandbox -m sandbox-stall go >/dev/null &
        sleep 1
        sh /assets/install.sh; echo "over one that runs: $?"
        kill -9 $! || echo "it had ended"
        mount -t tmpfs -o ro none /read-only
        sh /assets/install.sh --prefix /read-only/local; echo "read-only: $?"
        sh /assets/install.sh --uninstall >/said; head -n 1 /said; sh /assets/install.sh --uninstall
        for bytes in 100 1000 2000 3000 4000; do head -c $bytes /assets/install.sh | sh; done 2>/dev/null
        for archive in /assets/*.tar.gz; do head -c 100000 $archive >/part; mv /part $archive; done
        sh /assets/install.sh; echo "half: $?"
        find /home /tmp -type f
    "#;
    let program = Program::new();
    let root = root(&program);
    for folder in ["bin", "dev", "tmp", "home", "read-only", "assets"] {
        fs::create_dir(root.join(folder)).unwrap();
    }
    fs::write(root.join("dev/null"), "").unwrap();
    fs::copy(which("busybox"), root.join("bin/busybox")).unwrap();
    for name in NEEDED.split(' ').chain(OURS.split(' ')) {
        symlink("busybox", root.join("bin").join(name)).unwrap();
    }
    for asset in fs::read_dir(release).unwrap() {
        let asset = asset.unwrap();
        fs::copy(asset.path(), root.join("assets").join(asset.file_name())).unwrap();
    }
    let script = format!("export HOME=/home PATH=/bin\n{script}");
    let run = run_in(&root, &program, &["/bin/sh", "-c", &script]);
    run.expect_code(0)
        .expect_output(
            "installed: 0\n\
             hello\n\
             installed /home/.local/bin/heroku-chat\n\
             over one that runs: 0\n\
             read-only: 1\n\
             removed /home/.local/bin/heroku-chat\n\
             half: 1\n",
        )
        .expect_error("/read-only/local/bin can't be written. Nothing is installed.")
        .expect_error("is not what was released");
}
