//! B13: streams that are open and idle.

use std::time::Duration;

use tokio::runtime::Runtime;

use super::Ours;
use super::report::{Line, Report, Verdict};
use super::turns::get;

/// B13: streams that are open and idle.
pub fn live(report: &mut Report, runtime: &Runtime, engines: &[Ours]) {
    let streams = report.size.streams;
    for ours in engines {
        let path = format!("/staff/charts/{}/communications/live", ours.seeded.others[0]);
        let (before, cpu) = (ours.server.memory(), ours.server.cpu());
        let opened = runtime.block_on(async {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut open = Vec::new();
            for n in 0..streams {
                let mut socket = tokio::net::TcpStream::connect(ours.server.address).await?;
                let cookie = &ours.seeded.staff[n % ours.seeded.staff.len()];
                socket.write_all(get(&ours.server, &path, cookie).as_bytes()).await?;
                let mut head = [0; 12];
                socket.read_exact(&mut head).await?;
                if !head.ends_with(b" 200") {
                    return Err(std::io::Error::other(String::from_utf8_lossy(&head).into_owned()));
                }
                open.push(socket);
            }
            Ok(open)
        });
        let open = match opened {
            Ok(open) => open,
            Err(why) => {
                report.not_run(
                    "B13",
                    &format!("{streams} open streams, {}", ours.server.name),
                    why.to_string(),
                );
                continue;
            }
        };
        let spent_on_opening = ours.server.cpu() - cpu;
        let idle = ours.server.cpu();
        std::thread::sleep(Duration::from_secs(10));
        let each = (ours.server.memory() - before) * 1_024.0 / streams as f64;
        let part = (ours.server.cpu() - idle) / 10.0 * 100.0;
        drop(open);
        report.add(Line {
            row: "B13",
            what: format!(
                "{streams} open streams, {} ({spent_on_opening:.1} s of CPU to open them)",
                ours.server.name
            ),
            figure: format!("{each:.1} KB each, {part:.0} % of a core"),
            ratio: "–".into(),
            must: "≤ 8 KB, ≤ 3 %".into(),
            verdict: if each <= 8.0 && part <= 3.0 { Verdict::Held } else { Verdict::Missed },
        });
    }
}
