{
  "targets": [
    {
      "target_name": "probe",
      "conditions": [
        ["OS=='linux'", {
          "sources": [
            "linux/module.cpp",
            "linux/credential_calls.cpp",
            "linux/syscall_fault.cpp",
            "linux/syscall_names.cpp"
          ],
          "include_dirs": ["linux"],
          "defines": ["NAPI_VERSION=8", "NAPI_CPP_EXCEPTIONS", "NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED"],
          "cflags_cc!": ["-fno-exceptions", "-std=gnu++17", "-std=gnu++20"],
          "cflags_cc": [
            "-std=c++17", "-fexceptions", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror",
            "-isystem <!(node -p \"path.resolve(require('node-addon-api').include_dir)\")"
          ]
        }, {
          "type": "none"
        }]
      ]
    },
    {
      "target_name": "pam_module",
      "conditions": [
        ["OS=='linux'", {
          "type": "shared_library",
          "product_prefix": "",
          "product_dir": "<(PRODUCT_DIR)",
          "sources": ["linux/pam_module.cpp"],
          "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
          "cflags_cc": ["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror"]
        }, {
          "type": "none"
        }]
      ]
    }
  ]
}
