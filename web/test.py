"""test.py PAGE VALUES [SHOTS] - the page in headless Chromium: numbers against the library's, the map pixel by
pixel, a click, a drag, keys, pictures a second, two widths, light and dark. SHOTS: folder for screenshots."""
import json
import pathlib
import sys
import tempfile
import time

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.chrome.service import Service

page, values = pathlib.Path(sys.argv[1]).resolve(), json.loads(pathlib.Path(sys.argv[2]).read_text())
shots = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
failed = []


def check(good, what):
    print(("ok      " if good else "FAILED  ") + what)
    if not good:
        failed.append(what)


def worst(got, want, scale=None):
    """Largest difference over the largest of what is wanted."""
    top = scale or max(abs(w) for w in want)
    return max(abs(g - w) for g, w in zip(got, want, strict=True)) / top


def browser(width, height, dark):
    options = webdriver.ChromeOptions()
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
                 "disable-component-update", "disable-sync", "hide-scrollbars", "disable-dev-shm-usage",
                 f"window-size={width},{height}", f"user-data-dir={tempfile.mkdtemp()}"):
        options.add_argument("--" + flag)
    if dark:
        options.add_argument("--blink-settings=preferredColorScheme=0")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    driver.get(page.as_uri())
    return driver


def numbers(driver):
    for n in values["neuron"]:
        got = driver.execute_script("""const [b, t, l, s] = arguments[0]; const p = window.play;
            if (!p.lib.play_neuron(b, t, l, s)) return p.text(p.lib.play_error());
            return {reset: [...p.doubles(p.lib.play_neuron_reset(), 181)], sweep: [...p.doubles(p.lib.play_neuron_sweep(), 362)]};""",
                                    n["in"])
        error = max(worst(got[k], n[k]) for k in ("reset", "sweep"))
        check(error < 1e-6, f"neuron {n['in']}: differs from the library by {error:.1e}")
    for a in values["array"]:
        got = driver.execute_script("""const [n, w, g] = arguments[0]; const p = window.play;
            if (!p.lib.play_array(n, w, 100, 100, g, 0.5, 1, 0.2)) return p.text(p.lib.play_error());
            return {drop: [...p.doubles(p.lib.play_array_drop(), n * n)], current: [...p.doubles(p.lib.play_array_current(), n)]};""",
                                    a["in"])
        error = max(worst(got[k], a[k]) for k in ("drop", "current"))
        check(error < 1e-6, f"array {a['in']}: differs from the library by {error:.1e}")
    for m in values["maze"]:
        got = driver.execute_script("""const p = window.play.lib; p.play_maze_new(arguments[0], 0, 10, 0, 0.2);
            while (p.play_maze_number(0) < arguments[1] || !p.play_maze_number(4)) p.play_maze_step(1000);
            return [...window.play.doubles(p.play_maze_steps(), arguments[1])];""", m["seed"], len(m["steps"]))
        check(got == m["steps"], f"maze, seed {m['seed']}: {len(got)} episodes step by step as in the library")
    driver.execute_script("play.mazePanel.restart(); play.arrayPanel.dirty = true; play.neuronPanel.stale = true;")
    time.sleep(0.3)


def map_of_array(driver):
    """The picture on the screen is the drop that the library computed."""
    a = values["array"][0]
    n = int(a["in"][0])
    rgba = driver.execute_script("""const c = document.getElementById('array-plot'), r = c.width / c.getBoundingClientRect().width;
        const p = window.play.arrayPanel.place, g = c.getContext('2d'), out = [], n = arguments[0];
        for (let k = 0; k < n * n; k++) {
          const x = Math.floor((p.left + (k % n + 0.5) * p.cell) * r), y = Math.floor((p.top + (Math.floor(k / n) + 0.5) * p.cell) * r);
          out.push(g.getImageData(x, y, 1, 1).data[3]);
        } return out;""", n)
    top = max(a["drop"])
    error = max(abs(got - 255 * max(0, d) / top) for got, d in zip(rgba, a["drop"], strict=True))
    check(error <= 2, f"map: {n * n} pixels show the library's drop, off by at most {error:.1f} of 255")


def shown(driver, dl):
    return [d.text for d in driver.find_elements(By.CSS_SELECTOR, f"#{dl} dd")]


def hands(driver):
    slider = driver.find_element(By.ID, "array-controls-wire")
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", slider)
    before = shown(driver, "array-numbers")
    ActionChains(driver).drag_and_drop_by_offset(slider, 60, 0).perform()
    time.sleep(0.3)
    after = shown(driver, "array-numbers")
    check(float(after[0].split()[0]) > float(before[0].split()[0]), f"a drag: wires of more ohms, loss from {before[0]} to {after[0]}")
    slider.send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    time.sleep(0.3)
    check(shown(driver, "array-numbers") != after, "keys move a slider")
    button = driver.find_element(By.ID, "maze-run")
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
    button.click()
    time.sleep(0.3)
    one = shown(driver, "maze-numbers")
    time.sleep(0.4)
    check(shown(driver, "maze-numbers") == one and button.text == "go on", "a click: the agent pauses")
    button.click()
    time.sleep(0.4)
    check(shown(driver, "maze-numbers") != one, "a click: it goes on")
    reset = driver.find_element(By.ID, "neuron-controls-reset")
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", reset)
    picture = "return document.getElementById('neuron-plot').toDataURL()"
    swept = driver.execute_script(picture)
    reset.send_keys(Keys.SPACE)
    time.sleep(0.3)
    check(driver.execute_script(picture) != swept and reset.is_selected(), "the space bar: reset on, another picture")


def metrics(driver):
    return {m["name"]: m["value"] for m in driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]}


def speed(driver):
    """Pictures a second, and what a picture takes of processor time, which others on the machine do not change much."""
    driver.execute_cdp_cmd("Performance.enable", {})
    before = metrics(driver)
    n, seconds = driver.execute_async_script("""const done = arguments[0]; let n = 0; const begin = performance.now();
        const input = document.getElementById('array-controls-wire');
        function f(now) { n++; input.value = 300 + n % 300; input.dispatchEvent(new Event('input'));
          play.neuronPanel.stale = true;
          if (performance.now() - begin > 3000) done([n, (performance.now() - begin) / 1000]); else requestAnimationFrame(f); }
        requestAnimationFrame(f);""")
    cost = (metrics(driver).get("ProcessTime", 0) - before.get("ProcessTime", 0)) / n
    check(n > 0, f"speed: {n / seconds:.0f} pictures a second while array, neuron and agent are computed anew for each (wanted: 30); "
                 f"{1000 * cost:.1f} ms of processor time each ({1 / cost if cost else 0:.0f} a second on one core)")


driver = browser(1280, 1000, False)
numbers(driver)
map_of_array(driver)
hands(driver)
speed(driver)
bad = [e["message"] for e in driver.get_log("browser") if e["level"] == "SEVERE"]
check(not bad, "no errors in the console" + "".join("\n  " + b for b in bad))
requests = driver.execute_script("return performance.getEntriesByType('resource').length")
check(requests == 0, "nothing is loaded from anywhere")
driver.quit()

for width in (1280, 390):
    for dark in (False, True):
        driver = browser(width, 2400 if width > 400 else 3600, dark)
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 400})
        driver.execute_script("const i = document.getElementById('maze-controls-speed'); i.value = 900; i.dispatchEvent(new Event('input'))")
        time.sleep(2)
        over = driver.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
        check(over <= 0, f"{width} pixels, {'dark' if dark else 'light'}: nothing hangs over the side")
        if shots:
            height = driver.execute_script("return document.documentElement.scrollHeight")
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 400})
            time.sleep(0.5)
            driver.save_screenshot(str(shots / f"play-{width}-{'dark' if dark else 'light'}.png"))
        driver.quit()

size = page.stat().st_size
check(size < 1_000_000, f"the page has {size} bytes")
sys.exit(1 if failed else 0)
