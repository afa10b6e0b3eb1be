# Whoever calls these two calls ours (firmware/native/relay-esp32.c), which opens the relay and goes on to ESP-IDF's.
idf_build_set_property(LINK_OPTIONS "-Wl,--wrap=esp_panic_handler" APPEND)
idf_build_set_property(LINK_OPTIONS "-Wl,--wrap=esp_restart_noos" APPEND)
