//! DUR-03: a full disk. What cannot be kept is refused and said, reading goes on, nothing is half
//! done, and it recovers by itself when there is room again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anteroom::kernel::clock::MovableClock;
use anteroom::platform::audit::{self, ChainCheck};
use anteroom::platform::permissions::Role;

use super::process::Server;
use crate::support::postgres::effective_uid;
use crate::support::world::{Plan, World, take_down};
use crate::support::{Engine, form, http};

/// A small file system of its own; taken away when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).ok()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"])
            .arg(at)
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn dur_03_a_full_disk_refuses_keeps_reading_and_recovers() {
    if effective_uid() != 0 {
        eprintln!("NOT RUN: a small disk can be made by root only");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let Some(disk) = SmallDisk::mount(&folder.path().join("disk")) else {
        eprintln!("NOT RUN: this machine does not let root mount a small disk");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let database = runtime.block_on(story(&disk.0, folder.path()));
    runtime.shutdown_timeout(Duration::from_secs(2));
    take_down(database);
}

async fn story(disk: &Path, folder: &Path) -> crate::support::world::Database {
    let mut plan = Plan::new(Engine::Sqlite);
    plan.clock = Arc::new(MovableClock::default());
    plan.sends = false;
    let mut w = World::planned(plan).await;
    let scope = w.riverbend.scope.clone();
    let mut clients = Vec::new();
    for n in 0..60 {
        let email = format!("client{n}@example.com");
        clients.push(w.chart_at(&scope, "Kim", "Tester", "1990-04-12", &email).await);
    }
    let mut staff = w.staff(Role::FrontDesk).await;
    // The database moves to the small disk whole: what is in the log is written back first.
    let url = w.database.text();
    let from = PathBuf::from(url.trim_start_matches("sqlite:"));
    let there = disk.join("anteroom.db");
    copy_database(&from, &there);
    let server = Server::on(&w, folder).with_database(format!("sqlite:{}", there.display()));
    staff.to = server.address();
    let mut running = server.start();
    server.ready(&mut running).await;

    let invite = async |staff: &mut crate::support::Browser, n: usize| {
        let path = format!("/staff/charts/{}/access/invite", clients[n].chart_id);
        let page = staff.get(&path).await;
        page.must_be(200);
        let form =
            form::forms(&page.html()).into_iter().find(|f| f.action.contains(&path)).expect("its form");
        let body = http::encode_form(&form.fields);
        staff.send("POST", &path, Some(("application/x-www-form-urlencoded", body.as_bytes()))).await
    };
    assert_eq!(invite(&mut staff, 0).await.status(), 303, "before the disk is full");

    let ballast = disk.join("ballast");
    fill(&ballast);
    let (mut done, mut refused) = (vec![0usize], Vec::new());
    for n in 1..30 {
        let page = invite(&mut staff, n).await;
        match page.status() {
            303 => done.push(n),
            507 => {
                page.must_say("This could not be saved").must_not_say("busy");
                refused.push(n);
            }
            503 => refused.push(n),
            other => panic!("a full disk was answered with {other}: {}", page.words()),
        }
    }
    assert!(!refused.is_empty(), "the disk was never full");
    let reading = staff.get(&format!("/staff/charts/{}/communications", clients[0].chart_id)).await;
    reading.must_be(200);

    std::fs::remove_file(&ballast).expect("make room");
    let began = std::time::Instant::now();
    loop {
        let page = invite(&mut staff, 30).await;
        if page.status() == 303 {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "no recovery: {}", page.words());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    done.push(30);
    for n in &refused {
        let page = invite(&mut staff, *n).await;
        assert_eq!(page.status(), 303, "what was refused works now: {}", page.words());
    }
    running.stop().await;

    let mut plan = Plan::new(Engine::Sqlite);
    plan.clock = Arc::new(MovableClock::default());
    plan.sends = false;
    plan.database = Some(crate::support::world::Database {
        url: format!("sqlite:{}", there.display()).parse().expect("a URL"),
        folder: None,
    });
    let after = World::planned(plan).await;
    let chain = after.app.db.read(&scope, audit::check_chain).await.expect("no fault");
    assert!(matches!(chain, ChainCheck::Whole(_)), "{chain:?}");
    let made: i64 = after
        .look(|c| {
            use diesel::prelude::*;
            anteroom::platform::db::schema::invitation::table.count().get_result(c)
        })
        .await;
    assert_eq!(made as usize, done.len() + refused.len(), "an invitation each, none half made");
    w.database.clone()
}

/// Writes until nothing more fits.
fn fill(ballast: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(ballast).expect("the ballast");
    let chunk = [0u8; 16 * 1024];
    while file.write_all(&chunk).is_ok() {}
    while file.write_all(&chunk[..512]).is_ok() {}
}

fn copy_database(from: &Path, to: &Path) {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, SqliteConnection};
    let text = to.display().to_string();
    assert!(from.is_file() && !text.contains('\''), "a plain path");
    let mut conn = SqliteConnection::establish(&from.to_string_lossy()).expect("the database");
    conn.batch_execute(&format!("VACUUM INTO '{text}'")).expect("copy the database");
}
