//! Memory of the process while strangers sign in by the hundred.

use std::time::Duration;

use crate::process::Server;
use crate::support::{Browser, World};

/// What the process holds of its own, in MiB (Linux: RssAnon, without the program's file).
fn held(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("RssAnon");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1_024
}

#[test]
#[cfg(target_os = "linux")]
fn avl_03_storms_of_strangers_leave_no_memory_behind() {
    crate::support::tell(crate::support::Engine::Sqlite, async |w: &mut World| {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Server::on(w, folder.path()).allowing("connections_per_address = 1000");
        let mut running = server.start();
        server.ready(&mut running).await;
        let idle = held(running.id());
        let mut after = Vec::new();
        for storm in 0..7 {
            let knocking: Vec<_> = (0..300)
                .map(|n| {
                    let mut browser = Browser::new(server.address());
                    tokio::spawn(async move {
                        let name = format!("nobody{storm}.{n}@example.org");
                        let fields = [("name", name.as_str()), ("password", "not the password at all")];
                        browser.post("/riverbend/sign-in", &fields).await.status()
                    })
                })
                .collect();
            for one in knocking {
                let status = one.await.expect("an answer");
                assert!(matches!(status, 422 | 503), "{status}");
            }
            after.push(held(running.id()));
        }
        tokio::time::sleep(Duration::from_secs(11)).await;
        let rested = held(running.id());
        eprintln!("MiB: idle {idle}, after each storm {after:?}, after a rest {rested}");
        assert!(idle < 40, "idle: {idle} MiB");
        assert!(after.iter().all(|held| *held < 120), "after each storm: {after:?} MiB");
        assert!(rested <= idle + 24, "{rested} MiB after a rest, {idle} before");
        running.stop().await;
    });
}
