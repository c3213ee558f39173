{
  "targets": [
    {
      "target_name": "floor",
      "conditions": [
        ["OS=='linux'", {
          "sources": ["module.cpp", "floor_linux.cpp"],
          "defines": ["NAPI_VERSION=8", "NAPI_CPP_EXCEPTIONS"],
          "cflags_cc!": ["-fno-exceptions", "-std=gnu++17", "-std=gnu++20"],
          "cflags_cc": [
            "-std=c++17", "-fexceptions", "-Wall", "-Wextra", "-Werror",
            "-isystem <!(node -p \"path.resolve(require('node-addon-api').include_dir)\")"
          ]
        }, {
          "type": "none"
        }]
      ]
    }
  ]
}
