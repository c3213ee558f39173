{
  "variables": {
    "list_sources": "const fs=require('fs'),port=process.argv[1];(fs.existsSync('native')?['core','fs','napi','pool',port].flatMap(d=>fs.readdirSync('native/'+d,{recursive:true}).filter(f=>f.endsWith('.cpp')).map(f=>'native/'+d+'/'+f.split(require('path').sep).join('/'))).sort():['dist/native/'+port+'.cpp']).join(' ')",
    "strict": "<!(node -p \"process.env.IMPERSONATE_STRICT?1:0\")"
  },
  "targets": [
    {
      "target_name": "impersonate",
      "include_dirs": ["native", "<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": [
        "NAPI_VERSION=8",
        "NAPI_CPP_EXCEPTIONS",
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
        "NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED"
      ],
      "conditions": [
        ["OS=='win'", {
          "sources": ["<!@(node -p \"<(list_sources)\" win32)"],
          "defines!": ["_HAS_EXCEPTIONS=0"],
          "defines": ["_WIN32_WINNT=0x0A00", "NOMINMAX", "WIN32_LEAN_AND_MEAN", "UNICODE", "_UNICODE", "_HAS_EXCEPTIONS=1"],
          "libraries": ["advapi32.lib", "secur32.lib"],
          "msvs_settings": {
            "VCCLCompilerTool": {
              "ExceptionHandling": 1,
              "WarningLevel": 4,
              "AdditionalOptions": ["/std:c++17", "/permissive-", "/guard:cf", "/sdl", "/external:W0", "/external:anglebrackets"]
            },
            "VCLinkerTool": { "AdditionalOptions": ["/guard:cf", "/DYNAMICBASE", "/NXCOMPAT"] }
          }
        }],
        ["OS=='linux'", {
          "sources": ["<!@(node -p \"<(list_sources)\" linux)"],
          "include_dirs!": ["<!(node -p \"require('node-addon-api').include_dir\")"],
          "cflags!": ["-fno-exceptions"],
          "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
          "cflags_cc": [
            "-std=c++17", "-fexceptions", "-fvisibility=hidden", "-fstack-protector-strong",
            "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion",
            "-isystem", "<!(node -p \"require('path').resolve(require('node-addon-api').include_dir)\")"
          ],
          "ldflags": ["-Wl,-z,relro,-z,now,-z,nodelete"]
        }],
        ["strict==1", {
          "cflags_cc": ["-Werror"],
          "msvs_settings": { "VCCLCompilerTool": { "WarnAsError": "true" } }
        }],
        ["OS not in 'linux win'", {
          "sources": ["<!@(node -p \"<(list_sources)\" unsupported)"],
          "cflags!": ["-fno-exceptions"],
          "cflags_cc!": ["-fno-exceptions"],
          "cflags_cc": ["-fexceptions"],
          "xcode_settings": {
            "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
            "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
            "MACOSX_DEPLOYMENT_TARGET": "11.0"
          }
        }]
      ]
    }
  ]
}
