//! B13: streams that are open while charts change that they do not show.

use tokio::runtime::Runtime;

use super::Ours;
use super::drive::{self, Next, Order};
use super::report::{Line, Report, Verdict};
use super::turns::get;
use super::writes::resends;

/// Changes a second, and for how many seconds.
const CHANGES: usize = 20;
const SECONDS: usize = 10;

/// B13: what open streams cost while other charts change, beside what the changes cost without them.
pub fn live(report: &mut Report, runtime: &Runtime, engines: &[Ours]) {
    let streams = report.size.streams;
    for ours in engines {
        let count = CHANGES * SECONDS;
        let unused = &ours.seeded.others[report.size.acts..][..2 * count];
        let changes: Vec<Order> = unused
            .chunks(count)
            .map(|charts| Order {
                to: ours.server.address,
                connections: 4,
                seconds: SECONDS as f64,
                rate: Some(CHANGES as f64),
                requests: runtime.block_on(resends(ours, charts)),
                next: Next::EachOnce,
            })
            .collect();
        let spent_on = |changes: &Order| {
            let before = ours.server.cpu();
            drive::in_a_process(changes);
            ours.server.cpu() - before
        };
        let alone = spent_on(&changes[0]);
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
        let beside = spent_on(&changes[1]);
        let each = (ours.server.memory() - before) * 1_024.0 / streams as f64;
        let part = (beside - alone) / SECONDS as f64 * 100.0;
        drop(open);
        report.add(Line {
            row: "B13",
            what: format!(
                "{streams} open streams and {CHANGES} changes a second, {} ({spent_on_opening:.1} s of CPU to open \
                 them; the changes alone take {:.0} % of a core)",
                ours.server.name,
                alone / SECONDS as f64 * 100.0
            ),
            figure: format!("{each:.1} KB each, {part:.0} % of a core"),
            ratio: "–".into(),
            must: "≤ 8 KB, ≤ 3 %".into(),
            verdict: if each <= 8.0 && part <= 3.0 { Verdict::Held } else { Verdict::Missed },
        });
    }
}
