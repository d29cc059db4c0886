//! The pictures of the documentation, taken of a world with made-up people: `cargo xtask screenshots`.

use anteroom::platform::permissions::Role;

use super::chromium::Chromium;
use super::window::{Scheme, Width};
use crate::support::{Engine, tell};

#[test]
#[ignore = "writes docs/pictures: cargo xtask screenshots"]
fn pictures() {
    let folder = std::env::var("ANTEROOM_PICTURES").expect("ANTEROOM_PICTURES names the folder");
    let folder = std::path::PathBuf::from(folder);
    tell(Engine::Sqlite, async |w| {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        w.mail_has_settled().await;
        w.clock.advance_seconds(8 * 24 * 3_600);
        let kim = w.chart("Kim", "Lindgren").await;
        let client = w.registered(&kim).await;
        let staff = w.staff(Role::FrontDesk).await;
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Desk).await;
        window.prefer(Scheme::Light).await;
        window.become_user(&staff).await;
        window.visit(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        std::fs::write(folder.join("chart-room.png"), window.picture().await).expect("write the picture");
        window.resize(Width::Phone).await;
        window.become_user(&client).await;
        window.visit("/portal").await;
        std::fs::write(folder.join("portal-home.png"), window.picture().await).expect("write the picture");
        window.close().await;
    });
}
